// What vendors' kinds in k8s/ may say: a misspelt field, a number in quotes or an unknown kind is found without a cluster.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vendorViolations } from '../../dev/check/vendor-kinds.mjs';

const podMonitoring = (spec: object): object => ({
  apiVersion: 'monitoring.googleapis.com/v1',
  kind: 'PodMonitoring',
  metadata: { name: 'worker' },
  spec: {
    selector: { matchLabels: { app: 'pulse' } },
    endpoints: [{ port: 'http', interval: '30s' }],
    ...spec,
  },
});
const scaledObject = (spec: object, metadata: object = {}): object => ({
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  metadata: { name: 'worker' },
  spec: {
    scaleTargetRef: { name: 'worker' },
    triggers: [{ type: 'gcp-pubsub', metadata: { subscriptionName: 'pulse', value: '8', ...metadata } }],
    ...spec,
  },
});
const service = (container: object, annotations: object = {}): object => ({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  metadata: { name: 'pulse' },
  spec: {
    template: {
      metadata: { annotations },
      spec: { containers: [{ image: 'registry/pulse:1', ...container }] },
    },
  },
});

test('resources as their vendors document them pass, and Kubernetes’ own kinds are left to its own schemas', () => {
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, nonsense: true };
  const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'n' } };
  const fine = [podMonitoring({}), scaledObject({}), service({}), configMap, policy];
  assert.deepEqual(vendorViolations(fine), []);
});

for (const [what, resource, violation] of [
  ['a misspelt field', podMonitoring({ endpoint: [] }), /PodMonitoring worker: spec\.endpoint is no field/],
  [
    'a missing field',
    podMonitoring({ endpoints: [{ port: 'http' }] }),
    /spec\.endpoints\[0\]\.interval is missing/,
  ],
  ['an empty list', podMonitoring({ endpoints: [] }), /spec\.endpoints needs 1 or more/],
  [
    'a text that is no duration',
    podMonitoring({ endpoints: [{ port: 'http', interval: '30' }] }),
    /interval must match/,
  ],
  [
    'a number where a text belongs',
    scaledObject({}, { value: 8 }),
    /metadata\.value must be a text, in quotes: 8/,
  ],
  [
    'a text where a number belongs',
    scaledObject({ maxReplicaCount: '10' }),
    /maxReplicaCount must be a whole number/,
  ],
  [
    'a number beyond its range',
    scaledObject({ maxReplicaCount: 0 }),
    /maxReplicaCount must be a whole number from 1/,
  ],
  [
    'a word that is none of the list',
    scaledObject({}, { mode: 'Size' }),
    /mode must be one of SubscriptionSize/,
  ],
  [
    'a list where an object belongs',
    scaledObject({ scaleTargetRef: [] }),
    /scaleTargetRef must be an object/,
  ],
  ['an unknown annotation of Cloud Run', service({}, { 'run.googleapis.com/cpu': '1' }), /cpu is no field/],
  [
    'a variable that is a number',
    service({ env: [{ name: 'DRAIN_TIMEOUT', value: 8 }] }),
    /value must be a text/,
  ],
  ['a field of Kubernetes that Cloud Run lacks', service({ readOnly: true }), /readOnly is no field/],
  [
    'a name that nobody can resolve',
    { ...podMonitoring({}), metadata: { name: 'A_b' } },
    /metadata\.name must match/,
  ],
  [
    'a kind without a schema',
    { apiVersion: 'example.com/v1', kind: 'Odd', metadata: { name: 'o' } },
    /Odd o: example\.com\/v1 has no schema/,
  ],
] as const) {
  test(`${what} is found`, () => {
    const found = vendorViolations([resource]);
    assert.equal(found.length, 1, found.join('; '));
    assert.match(found[0] ?? '', violation);
  });
}
