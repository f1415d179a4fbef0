// The rules for manifests catch what they are there for, one by one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyViolations } from '../../dev/check/manifest-policy.mjs';

type Tree = { [key: string]: Tree | Tree[] | string | number | boolean };

const container = {
  name: 'worker',
  image: 'registry.example.com/pulse:0.1.0',
  envFrom: [{ configMapRef: { name: 'pulse' } }],
  resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '1Gi' } },
  securityContext: {
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
  },
  livenessProbe: {},
  readinessProbe: {},
  startupProbe: {},
};
const pod = {
  serviceAccountName: 'pulse',
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
  terminationGracePeriodSeconds: 60,
  topologySpreadConstraints: [{}],
  containers: [container],
};
const template = (spec: object) => ({ metadata: { labels: { app: 'pulse' } }, spec });
const others = [
  { kind: 'ConfigMap', metadata: { name: 'pulse' } },
  { kind: 'ServiceAccount', metadata: { name: 'pulse' } },
  {
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'pulse' },
    spec: { scaleTargetRef: { name: 'pulse' } },
  },
  { kind: 'Service', metadata: { name: 'pulse' }, spec: { selector: { app: 'pulse' } } },
];
const deployment = (changed: object = {}) => ({
  kind: 'Deployment',
  metadata: { name: 'pulse' },
  spec: { template: template({ ...pod, ...changed }) },
});

test('what keeps every rule has no violation', () => {
  assert.deepEqual(policyViolations([deployment(), ...others]), []);
});

const PODS: readonly (readonly [object, RegExp])[] = [
  [{ securityContext: { ...pod.securityContext, runAsUser: 0 } }, /runs as root/],
  [{ securityContext: { runAsNonRoot: true, runAsUser: 1 } }, /seccompProfile/],
  [{ automountServiceAccountToken: true }, /token of the cluster/],
  [{ enableServiceLinks: true }, /other Services/],
  [{ hostNetwork: true }, /namespace of its node/],
  [{ volumes: [{ hostPath: { path: '/' } }] }, /folder of its node/],
  [{ terminationGracePeriodSeconds: undefined }, /terminationGracePeriodSeconds/],
  [{ topologySpreadConstraints: [] }, /one node only/],
  [{ serviceAccountName: 'other' }, /acts as other/],
];

for (const [changed, violation] of PODS) {
  test(`a pod with ${JSON.stringify(changed)} is refused`, () => {
    const [first, ...more] = policyViolations([deployment(changed), ...others]);
    assert.match(first ?? '', violation);
    assert.deepEqual(more, []);
  });
}

const security = (changed: Tree): object => ({
  securityContext: { ...container.securityContext, ...changed },
});
const CONTAINERS: readonly (readonly [object, RegExp])[] = [
  [security({ readOnlyRootFilesystem: false }), /readOnlyRootFilesystem/],
  [security({ allowPrivilegeEscalation: true }), /allowPrivilegeEscalation/],
  [security({ privileged: true }), /capabilities/],
  [security({ capabilities: {} }), /capabilities/],
  [{ resources: { requests: container.resources.requests } }, /memory limit/],
  [{ image: 'registry.example.com:5000/pulse' }, /may change/],
  [{ image: 'pulse:latest' }, /may change/],
  [{ readinessProbe: undefined }, /probe/],
  [{ envFrom: [{ configMapRef: { name: 'gone' } }] }, /ConfigMap gone/],
];

for (const [changed, violation] of CONTAINERS) {
  test(`a container with ${JSON.stringify(changed)} is refused`, () => {
    const [first, ...more] = policyViolations([
      deployment({ containers: [{ ...container, ...changed }] }),
      ...others,
    ]);
    assert.match(first ?? '', violation);
    assert.deepEqual(more, []);
  });
}

test('an init container and the pod of a CronJob are held to the same rules', () => {
  const unsafe = { ...container, securityContext: {} };
  const cronJob = {
    kind: 'CronJob',
    metadata: { name: 'hourly' },
    spec: { jobTemplate: { spec: { template: template({ ...pod, initContainers: [unsafe] }) } } },
  };
  const violations = policyViolations([deployment(), cronJob, ...others]);
  assert.equal(violations.length, 3);
  assert.ok(violations.every((violation) => violation.startsWith('CronJob hourly, container worker')));
});

test('an autoscaler without its Deployment and a Service without pods are refused', () => {
  const [autoscaler, service] = others.slice(2);
  assert.deepEqual(policyViolations([autoscaler!, service!]), [
    'HorizontalPodAutoscaler pulse scales pulse, which is not there',
    'Service pulse selects no pod: {"app":"pulse"}',
  ]);
});
