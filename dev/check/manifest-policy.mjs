// The rules that every manifest we hand out keeps beyond its schema: no rights it does not need, nothing that dangles.

/** What the resources of one overlay, as objects, do against the rules; each line names the resource and the mend. */
export function policyViolations(resources) {
  const workloads = resources.map(workloadOf).filter((workload) => workload !== undefined);
  return [
    ...workloads.flatMap((workload) => [...podViolations(workload), ...containerViolations(workload)]),
    ...workloads.filter(({ kind }) => kind === 'Deployment').flatMap(daemonViolations),
    ...danglingReferences(resources, workloads),
  ];
}

/** A pod template with the name of what makes pods of it; undefined for a resource that makes none. */
function workloadOf({ kind, metadata, spec }) {
  const template = {
    Deployment: spec?.template,
    Job: spec?.template,
    CronJob: spec?.jobTemplate?.spec.template,
  };
  const { metadata: podMetadata = {}, spec: pod } = template[kind] ?? {};
  return pod && { kind, name: `${kind} ${metadata.name}`, labels: podMetadata.labels ?? {}, pod };
}

function podViolations({ name, pod }) {
  const security = pod.securityContext ?? {};
  return broken(name, [
    [
      security.runAsNonRoot === true && security.runAsUser > 0,
      'runs as root: set runAsNonRoot and runAsUser',
    ],
    [security.seccompProfile?.type === 'RuntimeDefault', 'may make every system call: set seccompProfile'],
    [
      pod.automountServiceAccountToken === false,
      'gets a token of the cluster: set automountServiceAccountToken',
    ],
    [pod.enableServiceLinks === false, 'gets variables of other Services: set enableServiceLinks: false'],
    [!pod.hostNetwork && !pod.hostPID && !pod.hostIPC, 'shares a namespace of its node'],
    [!(pod.volumes ?? []).some(({ hostPath }) => hostPath), 'mounts a folder of its node'],
  ]);
}

function containerViolations({ name, pod }) {
  return [...(pod.initContainers ?? []), ...pod.containers].flatMap((container) => {
    const { image, securityContext: security = {}, resources: { requests, limits } = {} } = container;
    const tag = /:([^:/]+)$/.exec(image)?.[1];
    return broken(`${name}, container ${container.name}`, [
      [security.readOnlyRootFilesystem === true, 'may write to its root: set readOnlyRootFilesystem'],
      [security.allowPrivilegeEscalation === false, 'may gain rights: set allowPrivilegeEscalation: false'],
      [security.capabilities?.drop?.includes('ALL') && !security.privileged, 'keeps capabilities: drop ALL'],
      [
        requests?.cpu && requests.memory && limits?.memory,
        'says not what it needs: set requests and a memory limit',
      ],
      [
        image.includes('@sha256:') || (tag && tag !== 'latest'),
        `image ${image} may change: give it a version as tag`,
      ],
    ]);
  });
}

/** What runs for ever is watched, and leaves in good order. */
function daemonViolations({ name, pod }) {
  return broken(name, [
    [
      pod.containers.every(
        ({ livenessProbe, readinessProbe, startupProbe }) => livenessProbe && readinessProbe && startupProbe,
      ),
      'lacks a probe: liveness, readiness and startup',
    ],
    [pod.terminationGracePeriodSeconds > 0, 'lacks terminationGracePeriodSeconds'],
    [
      (pod.topologySpreadConstraints ?? []).length > 0,
      'may run on one node only: set topologySpreadConstraints',
    ],
  ]);
}

function danglingReferences(resources, workloads) {
  const has = (kind, name) => resources.some((found) => found.kind === kind && found.metadata.name === name);
  const selects = (labels) =>
    workloads.some((workload) =>
      Object.entries(labels).every(([key, value]) => workload.labels[key] === value),
    );
  return resources
    .flatMap(({ kind, metadata, spec }) => {
      const name = `${kind} ${metadata.name}`;
      const target = spec?.scaleTargetRef?.name;
      const labels = selectorOf(kind, spec);
      return broken(name, [
        [target === undefined || has('Deployment', target), `scales ${target}, which is not there`],
        [labels === undefined || selects(labels), `selects no pod: ${JSON.stringify(labels)}`],
      ]);
    })
    .concat(
      workloads.flatMap(({ name, pod }) => {
        const maps = pod.containers.flatMap(({ envFrom = [] }) =>
          envFrom.flatMap(({ configMapRef }) => configMapRef ?? []),
        );
        return broken(name, [
          ...maps.map((map) => [
            has('ConfigMap', map.name),
            `reads ConfigMap ${map.name}, which is not there`,
          ]),
          [
            has('ServiceAccount', pod.serviceAccountName),
            `acts as ${pod.serviceAccountName}, which is not there`,
          ],
        ]);
      }),
    );
}

function selectorOf(kind, spec) {
  if (kind === 'Service') return spec.selector;
  return ['PodDisruptionBudget', 'PodMonitoring'].includes(kind) ? spec.selector.matchLabels : undefined;
}

function broken(name, rules) {
  return rules.filter(([holds]) => !holds).map(([, violation]) => `${name} ${violation}`);
}
