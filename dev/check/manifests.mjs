// Renders every overlay in k8s/ and validates what comes out against the schemas of Kubernetes, without a cluster.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../setup/find-program.mjs';
import { setUp } from '../setup/setup.mjs';
import { skip } from './skip.mjs';

const KUBERNETES_VERSION = '1.34';
const root = fileURLToPath(new URL('../..', import.meta.url));

const kustomize = findKustomize();
if (!existsSync(join(root, 'k8s'))) skip('there is no k8s/');
if (kustomize === undefined) skip('kubectl is missing; see https://kubernetes.io/docs/tasks/tools');
if (!(await setUp('check-tools'))) skip('kubernetes-validate could not be installed, see above');

const overlays = overlaysIn('k8s');
if (overlays.length === 0)
  process.stdout.write('no kustomization.yaml was found in k8s/: nothing was checked\n');
process.exitCode = overlays.length > 0 && overlays.map(isValid).every(Boolean) ? 0 : 1;

function overlaysIn(folder) {
  const files = readdirSync(join(root, folder), { recursive: true }).map((path) => join(folder, path));
  const kustomizations = files.filter((path) => path.endsWith('kustomization.yaml'));
  // A component is no whole: it is rendered as a part of the overlays that use it.
  return kustomizations
    .filter((path) => !/^kind: Component$/m.test(readFileSync(join(root, path), 'utf8')))
    .map(dirname);
}

function isValid(overlay) {
  const [command, ...args] = kustomize;
  const rendered = spawnSync(command, [...args, overlay], { cwd: root, encoding: 'utf8' });
  if (rendered.status !== 0) {
    process.stdout.write(`${overlay}: ${rendered.stderr}`);
    return false;
  }
  // Kinds that Kubernetes does not know itself (PodMonitoring, ScaledObject) are named as unchecked.
  const validated = spawnSync(
    join(root, '.local', 'check-venv', 'bin', 'kubernetes-validate'),
    ['--strict', '--quiet', '-k', KUBERNETES_VERSION, '-'],
    { input: rendered.stdout, encoding: 'utf8' },
  );
  const remarks = `${validated.stdout}${validated.stderr}`.trim();
  process.stdout.write(
    `${overlay}: ${validated.status === 0 ? 'valid' : 'not valid'}\n${remarks === '' ? '' : `${remarks}\n`}`,
  );
  return validated.status === 0;
}

function findKustomize() {
  const kubectl = findProgram('kubectl');
  const standalone = findProgram('kustomize');
  if (kubectl !== undefined) return [kubectl, 'kustomize'];
  return standalone === undefined ? undefined : [standalone, 'build'];
}
