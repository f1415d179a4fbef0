// The manifests say what the program understands, and their arithmetic holds for the values they set.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Config } from '../../src/config/config.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { variable, VARIABLE_NAMES, type VariableName } from '../../src/config/variables.ts';

const k8s = new URL('../../k8s/', import.meta.url);
const worker = manifest('base/worker-deployment.yaml');
const autoscaler = manifest('overlays/gke/worker-autoscaler.yaml');
const secret = keysAndValues(between(manifest('base/secret.example.yaml'), 'stringData:'));
const ENVIRONMENTS = {
  gke: { ...envFile('base/worker.env'), ...envFile('overlays/gke/gke.env'), ...secret },
  local: { ...envFile('base/worker.env'), ...envFile('overlays/local/local.env') },
};

for (const [overlay, environment] of Object.entries(ENVIRONMENTS)) {
  test(`the environment of overlay ${overlay} holds known variables only, with values the program accepts`, () => {
    const unknown = Object.keys(environment).filter((name) => !isVariable(name));
    assert.deepEqual(unknown, []);
    const read = readConfig(environment, noFile);
    assert.deepEqual(read.kind === 'invalid' ? read.problems : [], []);
    assert.deepEqual(read.warnings, []);
  });
}

test('what is secret is in the Secret, and nothing else is', () => {
  const configured = Object.keys({ ...ENVIRONMENTS.gke, ...ENVIRONMENTS.local });
  const secrets = configured.filter((name) => isVariable(name) && variable(name).secret);
  assert.deepEqual(secrets.sort(), Object.keys(secret).sort());
});

test('the probes ask routes of the program on the port it listens on, and are answered without a token', () => {
  const { http } = configOf('gke');
  assert.equal(number(worker, 'containerPort'), http.port);
  assert.deepEqual(
    [...worker.matchAll(/^ +path: (.*)$/gm)].map(([, path]) => path),
    ['/startupz', '/livez', '/readyz'],
  );
  assert.equal(http.host, '0.0.0.0');
  assert.ok(http.publicHealth && http.publicMetrics);
});

test('the grace period covers the drain, a last heartbeat to a silent database and what a preStop hook takes', () => {
  const graceMs = 1000 * number(worker, 'terminationGracePeriodSeconds');
  assert.doesNotMatch(worker, /^ +preStop:/m, 'a preStop hook would have to be added to the arithmetic here');
  for (const overlay of ['gke', 'local'] as const) {
    const { drainTimeoutMs, leaseMs } = configOf(overlay).jobs;
    assert.ok(graceMs >= drainTimeoutMs + leaseMs / 2 + 5_000, `${graceMs} ms in ${overlay}`);
  }
});

test('busy replicas alone never ask the autoscaler for more replicas', () => {
  const averageValue = number(autoscaler, 'averageValue');
  assert.ok(averageValue >= configOf('gke').jobs.maxConcurrentJobs);
  assert.ok(number(autoscaler, 'minReplicas') <= number(autoscaler, 'maxReplicas'));
});

test('the autoscaler looks at the subscription that the worker pulls from', () => {
  const [, subscription] = /^ +resource\.labels\.subscription_id: (.*)$/m.exec(autoscaler) ?? [];
  assert.equal(subscription, configOf('gke').pubsub.subscription);
});

test('all replicas, one of an update and the migration fit into the connections MySQL allows by default', () => {
  const { database } = configOf('gke');
  assert.ok(database.kind === 'mysql');
  const processes = number(autoscaler, 'maxReplicas') + number(worker, 'maxSurge') + 1;
  // Source: MySQL 8.4 reference manual, max_connections.
  assert.ok(processes * database.poolSize <= 151, `${processes * database.poolSize} connections`);
});

test('a worker on SQLite is alone', () => {
  const patch = manifest('overlays/local/worker-on-sqlite-patch.yaml');
  assert.equal(configOf('local').database.kind, 'sqlite');
  assert.equal(number(patch, 'replicas'), 1);
  assert.match(patch, /^ +type: Recreate$/m);
});

test('every manifest of a folder is named in its kustomization', () => {
  for (const folder of ['base', 'overlays/gke', 'overlays/local']) {
    const kustomization = manifest(`${folder}/kustomization.yaml`);
    const unnamed = readdirSync(new URL(`${folder}/`, k8s)).filter(
      (file) => !/^kustomization|\.example\./.test(file) && !kustomization.includes(file),
    );
    assert.deepEqual(unnamed, [], folder);
  }
});

function configOf(overlay: keyof typeof ENVIRONMENTS): Config {
  const read = readConfig(ENVIRONMENTS[overlay], noFile);
  assert.ok(read.kind === 'ok');
  return read.config;
}

function isVariable(name: string): name is VariableName {
  return VARIABLE_NAMES.some((known) => known === name);
}

function noFile(path: string): string {
  throw new Error(`${path} is not in the image`);
}

/** A manifest without its comments. */
function manifest(path: string): string {
  return readFileSync(new URL(path, k8s), 'utf8').replace(/^ *#.*\n/gm, '');
}

/** The lines below a top-level key. */
function between(text: string, key: string): string {
  return text.split(`\n${key}\n`)[1]?.split(/\n(?=\S)/)[0] ?? '';
}

function envFile(path: string): Record<string, string> {
  return keysAndValues(manifest(path));
}

/** `KEY=value` of a variables file, or `KEY: value` of a manifest; a line of another form is no line of theirs. */
function keysAndValues(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const [, key, value] = /^ *([A-Za-z_]+)(?:=|: )(.*)$/.exec(line) ?? [];
      assert.ok(key !== undefined && value !== undefined, `"${line}" is neither KEY=value nor KEY: value`);
      return [key, value];
    }),
  );
}

/** The whole number behind a key that a manifest has exactly once. */
function number(text: string, key: string): number {
  const found = [...text.matchAll(new RegExp(`^ +${key}: '?(\\d+)'?$`, 'gm'))];
  assert.equal(found.length, 1, `${key} is there ${found.length} times`);
  return Number(found[0]?.[1]);
}
