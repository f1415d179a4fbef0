// Renders every overlay in k8s/ and validates what comes out against the schemas of Kubernetes and our own rules, without a cluster.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../setup/find-program.mjs';
import { setUp } from '../setup/setup.mjs';
import { policyViolations } from './manifest-policy.mjs';
import { skip } from './skip.mjs';
import { vendorViolations } from './vendor-kinds.mjs';

const KUBERNETES_VERSION = '1.34';
const root = fileURLToPath(new URL('../..', import.meta.url));
const tool = (name) => join(root, '.local', 'check-venv', 'bin', name);

const kustomize = findKustomize();
if (!existsSync(join(root, 'k8s'))) skip('there is no k8s/');
if (kustomize === undefined) skip('kubectl is missing; see https://kubernetes.io/docs/tasks/tools');
if (!(await setUp('check-tools'))) skip('kubernetes-validate could not be installed, see above');

const overlays = overlaysIn('k8s');
if (overlays.length === 0)
  process.stdout.write('no kustomization.yaml was found in k8s/: nothing was checked\n');
const valid = [...overlays.map(isValid), isCloudRunValid('k8s/cloud-run/service.yaml')].every(Boolean);
process.exitCode = overlays.length > 0 && valid ? 0 : 1;

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
  const validated = spawnSync(
    tool('kubernetes-validate'),
    ['--strict', '--quiet', '-k', KUBERNETES_VERSION, '-'],
    { input: rendered.stdout, encoding: 'utf8' },
  );
  // The base is no whole: what an image is called and how many there are is the overlays' part.
  const resources = resourcesIn(rendered.stdout);
  const violations = [
    ...(overlay.endsWith('base') ? [] : policyViolations(resources)),
    ...vendorViolations(resources),
  ];
  // Kinds that Kubernetes does not know itself (PodMonitoring, ScaledObject) are checked by vendorViolations().
  const told = `${validated.stdout}${validated.stderr}`.replace(/^WARN - Couldn't find schema .*\n?/gm, '');
  const remarks = [told.trim(), ...violations].filter((text) => text !== '');
  const ok = validated.status === 0 && violations.length === 0;
  process.stdout.write(`${[`${overlay}: ${ok ? 'valid' : 'not valid'}`, ...remarks].join('\n')}\n`);
  return ok;
}

/** It is no part of an overlay: gcloud takes the file as it is. */
function isCloudRunValid(path) {
  const violations = vendorViolations(resourcesIn(readFileSync(join(root, path), 'utf8')));
  process.stdout.write(
    `${[`${path}: ${violations.length === 0 ? 'valid' : 'not valid'}`, ...violations].join('\n')}\n`,
  );
  return violations.length === 0;
}

/** The tools bring a reader of YAML; Node has none. */
function resourcesIn(yaml) {
  const program = 'import json, sys, yaml; json.dump(list(yaml.safe_load_all(sys.stdin)), sys.stdout)';
  const { stdout, stderr } = spawnSync(tool('python'), ['-c', program], {
    input: yaml,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (stdout === '') throw new Error(`what was rendered could not be read: ${stderr}`);
  return JSON.parse(stdout);
}

function findKustomize() {
  const kubectl = findProgram('kubectl');
  const standalone = findProgram('kustomize');
  if (kubectl !== undefined) return [kubectl, 'kustomize'];
  return standalone === undefined ? undefined : [standalone, 'build'];
}
