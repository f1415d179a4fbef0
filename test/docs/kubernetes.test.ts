// The manifests say what the program understands, and their arithmetic holds for the values they set.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Config } from '../../src/config/config.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { variable, VARIABLE_NAMES, type VariableName } from '../../src/config/variables.ts';

const k8s = new URL('../../k8s/', import.meta.url);
const worker = manifest('base/worker-deployment.yaml');
const autoscaler = manifest('overlays/gke/worker-autoscaler.yaml');
const secret = keysAndValues(between(manifest('base/secret.example.yaml'), 'stringData:'));
const gke = { ...envFile('base/worker.env'), ...envFile('overlays/gke/gke.env'), ...secret };
const ENVIRONMENTS = {
  gke,
  push: { ...gke, ...envFile('overlays/push/push.env') },
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
  for (const overlay of ['gke', 'push', 'local'] as const) {
    const { drainTimeoutMs, leaseMs } = configOf(overlay).jobs;
    assert.ok(graceMs >= drainTimeoutMs + leaseMs / 2 + 5_000, `${graceMs} ms in ${overlay}`);
  }
});

test('busy replicas alone never ask the autoscaler for more replicas', () => {
  const averageValue = number(autoscaler, 'averageValue');
  assert.ok(averageValue >= configOf('gke').jobs.maxConcurrentJobs);
  assert.ok(number(autoscaler, 'minReplicas') <= number(autoscaler, 'maxReplicas'));
});

test('KEDA is told the same numbers as the autoscaler', () => {
  const scaledObject = manifest('overlays/keda/worker-scaled-object.yaml');
  assert.equal(number(scaledObject, 'minReplicaCount'), number(autoscaler, 'minReplicas'));
  assert.equal(number(scaledObject, 'maxReplicaCount'), number(autoscaler, 'maxReplicas'));
  const [, quoted] = /^ {8}value: '(\d+)'$/m.exec(scaledObject) ?? [];
  assert.equal(Number(quoted), number(autoscaler, 'averageValue'));
  const { subscription } = configOf('gke').pubsub;
  assert.match(
    scaledObject,
    new RegExp(`subscriptionName: projects/[^/]+/subscriptions/${subscription}$`, 'm'),
  );
});

test('scaled on the backlog there is a slot for every job that wants one, by metrics that exist', async () => {
  const patch = manifest('overlays/gke-backlog/worker-autoscaler-patch.yaml');
  assert.equal(number(patch, 'averageValue'), configOf('gke').jobs.maxConcurrentJobs);
  const rule = manifest('overlays/gke-backlog/wanted-jobs-rule.yaml');
  const [, recorded] = /record: (\w+)$/m.exec(rule) ?? [];
  assert.ok(recorded && patch.includes(`prometheus.googleapis.com|${recorded}|gauge`));
  const page = await createMetrics().render();
  const asked = [...rule.matchAll(/\((pulse_\w+)\)/g)].map(([, name]) => name ?? '');
  assert.equal(asked.length, 2);
  for (const name of asked) assert.match(page, new RegExp(`^# TYPE ${name} gauge$`, 'm'));
});

test('behind a load balancer the grace period grows by what preStop takes', () => {
  const patch = manifest('overlays/push/worker-behind-service-patch.yaml');
  const grace = number(patch, 'terminationGracePeriodSeconds');
  assert.equal(grace, number(worker, 'terminationGracePeriodSeconds') + number(patch, 'seconds'));
});

test('a push is not cut off before Pub/Sub would give up on it', () => {
  // Source: Pub/Sub documentation, push subscriptions: the ack deadline is 600 seconds at most.
  assert.equal(number(manifest('overlays/push/push-backend-config.yaml'), 'timeoutSec'), 600);
  assert.match(manifest('cloud-run/service.yaml'), /^ {6}timeoutSeconds: 600$/m);
});

test('only /push is served to the world', () => {
  const paths = [...manifest('overlays/push/push-ingress.yaml').matchAll(/path: (.*)$/gm)];
  assert.deepEqual(
    paths.map(([, path]) => path),
    ['/push'],
  );
  assert.match(manifest('overlays/push/push-ingress.yaml'), /pathType: Exact/);
});

test('the service on Cloud Run has variables the program accepts, and its numbers add up', () => {
  const service = manifest('cloud-run/service.yaml');
  const given = [...service.matchAll(/name: ([A-Z_]+),\s+value: '?([^' }]+?)'?,?\s*\}/g)];
  const environment = Object.fromEntries(given.map(([, name, value]) => [name ?? '', value ?? '']));
  assert.ok(given.length >= 11, `${given.length} variables were read`);
  const read = readConfig({ ...environment, DB_PASSWORD: 'x' }, noFile);
  assert.deepEqual(read.kind === 'invalid' ? read.problems : read.warnings, []);
  assert.ok(read.kind === 'ok' && read.config.database.kind === 'mysql');
  const { jobs, database } = read.config;
  assert.equal(number(service, 'containerConcurrency'), jobs.maxConcurrentJobs);
  assert.ok(number(service, 'autoscaling.knative.dev/maxScale') * database.poolSize <= 151);
  // Source: Cloud Run documentation, container runtime contract: SIGTERM comes ten seconds before SIGKILL.
  assert.ok(jobs.drainTimeoutMs < 10_000);
});

test('the schedule has time for its jitter and one repetition, and ends before the next one', () => {
  const cronJob = manifest('base/enqueue-cron-job.yaml');
  const [, jitter] = /--jitter, '(\d+)'/.exec(cronJob) ?? [];
  const deadline = number(cronJob, 'activeDeadlineSeconds');
  assert.ok(Number(jitter) > 0 && deadline >= 2 * Number(jitter));
  assert.match(cronJob, /^ +schedule: '0 \* \* \* \*'$/m);
  assert.ok(deadline < 3600);
});

test('the network policy lets in and out what the configuration needs', () => {
  const policy = manifest('overlays/gke/network-policy.yaml');
  const { database } = configOf('gke');
  assert.ok(database.kind === 'mysql');
  const egress = policy.split('\n  egress:\n')[1] ?? '';
  const ports = [...egress.matchAll(/port: (\d+)$/gm)].map(([, port]) => Number(port));
  assert.deepEqual(
    [...new Set(ports)].sort((a, b) => a - b),
    [53, 80, 443, 988, database.port],
  );
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

test('overlay gke has its metrics scraped, its alert rules and its dashboard, each under a name of its own', () => {
  const overlay = manifest('overlays/gke/kustomization.yaml');
  for (const part of ['- ../../observability', '- worker-pod-monitoring.yaml'])
    assert.ok(overlay.includes(`  ${part}\n`), part);
  const monitoring = manifest('overlays/gke/worker-pod-monitoring.yaml');
  const labels = monitoring.split('matchLabels:\n')[1]?.split('\n  endpoints:')[0] ?? '';
  for (const label of labels.trim().split(/\n +/))
    assert.ok(worker.split('  template:')[1]?.includes(label), label);
  const names = ['observability/alert-rules.yaml', 'overlays/gke-backlog/wanted-jobs-rule.yaml'].map(
    (path) => /^kind: Rules\nmetadata:\n {2}name: (.+)$/m.exec(manifest(path))?.[1],
  );
  assert.ok(!names.includes(undefined) && new Set(names).size === names.length, names.join());
});

test('every manifest of a folder is named in its kustomization', () => {
  const overlays = readdirSync(new URL('overlays/', k8s)).map((name) => `overlays/${name}`);
  assert.ok(overlays.length >= 5);
  for (const folder of ['base', 'observability', ...overlays]) {
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
  const found = [...text.matchAll(new RegExp(`^ +(?:- )?${key}: '?(\\d+)'?$`, 'gm'))];
  assert.equal(found.length, 1, `${key} is there ${found.length} times`);
  return Number(found[0]?.[1]);
}
