// Schemas of the kinds that Kubernetes itself does not know, as far as k8s/ uses them, written from the vendors' documentation.
import { schemaViolations } from './schema-violations.mjs';

const text = { type: 'string' };
const flag = { type: 'boolean' };
const whole = (minimum, maximum) => ({ type: 'integer', minimum, ...(maximum && { maximum }) });
const oneOf = (...values) => ({ enum: values });
const list = (items, minItems = 1) => ({ type: 'array', items, minItems });
const object = (properties, ...required) => ({ type: 'object', properties, required });
const map = (values = text) => ({ type: 'object', additionalProperties: values });
const duration = { type: 'string', pattern: '^(\\d+(ms|s|m|h|d))+$' };
const port = whole(1, 65_535);

const metadata = object(
  {
    name: { type: 'string', pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' },
    namespace: text,
    labels: map(),
    annotations: map(),
  },
  'name',
);
const resource = (spec) => object({ apiVersion: text, kind: text, metadata, spec }, 'metadata', 'spec');

/** Source: Google Cloud Managed Service for Prometheus, API reference (doc/api.md of prometheus-engine). */
const podMonitoring = resource(
  object(
    {
      selector: object({ matchLabels: map() }, 'matchLabels'),
      endpoints: list(
        object(
          { port: text, path: text, scheme: oneOf('http', 'https'), interval: duration, timeout: duration },
          'port',
          'interval',
        ),
      ),
      limits: object({ samples: whole(0), labels: whole(0) }),
    },
    'selector',
    'endpoints',
  ),
);

/** Source: the same. */
const rules = resource(
  object(
    {
      groups: list(
        object(
          {
            name: text,
            interval: duration,
            rules: list(
              object(
                {
                  alert: { type: 'string', pattern: '^\\w+$' },
                  record: { type: 'string', pattern: '^[a-zA-Z_:][\\w:]*$' },
                  expr: text,
                  for: duration,
                  labels: map(),
                  annotations: map(),
                },
                'expr',
              ),
            ),
          },
          'name',
          'rules',
        ),
      ),
    },
    'groups',
  ),
);

const scalingRules = object({
  stabilizationWindowSeconds: whole(0, 3_600),
  selectPolicy: oneOf('Max', 'Min', 'Disabled'),
  policies: list(
    object(
      { type: oneOf('Pods', 'Percent'), value: whole(1), periodSeconds: whole(1, 1_800) },
      'type',
      'value',
      'periodSeconds',
    ),
  ),
});

/** Source: KEDA 2.14, "ScaledObject specification" and "Google Cloud Platform Pub/Sub" scaler; metadata values are texts. */
const scaledObject = resource(
  object(
    {
      scaleTargetRef: object(
        { apiVersion: text, kind: text, name: text, envSourceContainerName: text },
        'name',
      ),
      pollingInterval: whole(1),
      cooldownPeriod: whole(0),
      initialCooldownPeriod: whole(0),
      idleReplicaCount: whole(0),
      minReplicaCount: whole(0),
      maxReplicaCount: whole(1),
      fallback: object({ failureThreshold: whole(1), replicas: whole(0) }, 'failureThreshold', 'replicas'),
      advanced: object({
        restoreToOriginalReplicaCount: flag,
        horizontalPodAutoscalerConfig: object({
          name: text,
          behavior: object({ scaleUp: scalingRules, scaleDown: scalingRules }),
        }),
      }),
      triggers: list(
        object(
          {
            type: oneOf('gcp-pubsub'),
            name: text,
            metricType: oneOf('AverageValue', 'Value', 'Utilization'),
            useCachedMetrics: flag,
            authenticationRef: object(
              { name: text, kind: oneOf('TriggerAuthentication', 'ClusterTriggerAuthentication') },
              'name',
            ),
            metadata: object(
              {
                subscriptionName: {
                  type: 'string',
                  pattern: '^(projects/[^/]+/subscriptions/)?[A-Za-z][\\w.~%+-]+$',
                },
                mode: oneOf('SubscriptionSize', 'NumUndeliveredMessages', 'OldestUnackedMessageAge'),
                value: { type: 'string', pattern: '^\\d+(\\.\\d+)?$' },
                activationValue: { type: 'string', pattern: '^\\d+(\\.\\d+)?$' },
                aggregation: text,
                timeHorizon: duration,
                valueIfNull: text,
              },
              'subscriptionName',
              'value',
            ),
          },
          'type',
          'metadata',
        ),
      ),
    },
    'scaleTargetRef',
    'triggers',
  ),
);

/** Source: KEDA 2.14, "Authentication" and "GCP Workload Identity". */
const triggerAuthentication = resource(
  object(
    { podIdentity: object({ provider: oneOf('gcp', 'none'), identityId: text }, 'provider') },
    'podIdentity',
  ),
);

/** Source: Google Kubernetes Engine, "Configure Ingress features through BackendConfig parameters". */
const backendConfig = resource(
  object({
    timeoutSec: whole(1, 2_147_483_647),
    connectionDraining: object({ drainingTimeoutSec: whole(0, 3_600) }),
    securityPolicy: object({ name: text }, 'name'),
    logging: object({ enable: flag }),
    healthCheck: object({
      type: oneOf('HTTP', 'HTTPS', 'HTTP2'),
      requestPath: { type: 'string', pattern: '^/' },
      port,
      checkIntervalSec: whole(1, 300),
      timeoutSec: whole(1, 300),
      healthyThreshold: whole(1, 10),
      unhealthyThreshold: whole(1, 10),
    }),
  }),
);

/** Source: Google Kubernetes Engine, "Using Google-managed SSL certificates". */
const managedCertificate = resource(object({ domains: list(text) }, 'domains'));

const probe = object(
  {
    httpGet: object({ path: { type: 'string', pattern: '^/' }, port }, 'path'),
    initialDelaySeconds: whole(0, 240),
    periodSeconds: whole(1, 240),
    timeoutSeconds: whole(1, 240),
    failureThreshold: whole(1),
  },
  'httpGet',
);
const variable = object(
  {
    name: { type: 'string', pattern: '^[A-Z_][A-Z0-9_]*$' },
    value: text,
    valueFrom: object({ secretKeyRef: object({ name: text, key: text }, 'name', 'key') }, 'secretKeyRef'),
  },
  'name',
);
const container = object(
  {
    name: text,
    image: text,
    command: list(text),
    args: list(text),
    ports: list(object({ name: oneOf('http1', 'h2c'), containerPort: port }, 'containerPort')),
    env: list(variable),
    resources: object({
      limits: object({
        cpu: { type: 'string', pattern: '^(\\d+(\\.\\d+)?|\\d+m)$' },
        memory: { type: 'string', pattern: '^\\d+(Mi|Gi|M|G)$' },
      }),
    }),
    startupProbe: probe,
    livenessProbe: probe,
  },
  'image',
);
/** Annotations of a revision that Cloud Run knows; an unknown one would be ignored without a word. */
const revisionAnnotations = object({
  'autoscaling.knative.dev/minScale': { type: 'string', pattern: '^\\d+$' },
  'autoscaling.knative.dev/maxScale': { type: 'string', pattern: '^\\d+$' },
  'run.googleapis.com/cpu-throttling': oneOf('true', 'false'),
  'run.googleapis.com/vpc-access-egress': oneOf('all-traffic', 'private-ranges-only'),
  'run.googleapis.com/network-interfaces': { type: 'string', pattern: '^\\[\\{.*\\}\\]$' },
  'run.googleapis.com/execution-environment': oneOf('gen1', 'gen2'),
  'run.googleapis.com/startup-cpu-boost': oneOf('true', 'false'),
});
const serviceAnnotations = object({
  'run.googleapis.com/ingress': oneOf('all', 'internal', 'internal-and-cloud-load-balancing'),
  'run.googleapis.com/launch-stage': oneOf('ALPHA', 'BETA', 'GA'),
  'run.googleapis.com/description': text,
});

/** Source: Cloud Run, "YAML reference" and "Container runtime contract". */
const cloudRunService = object(
  {
    apiVersion: text,
    kind: text,
    metadata: object({ ...metadata.properties, annotations: serviceAnnotations }, 'name'),
    spec: object(
      {
        template: object(
          {
            metadata: object({ name: text, labels: map(), annotations: revisionAnnotations }),
            spec: object(
              {
                serviceAccountName: { type: 'string', pattern: '^[^@]+@[^@]+$' },
                containerConcurrency: whole(1, 1_000),
                timeoutSeconds: whole(1, 3_600),
                containers: list(container),
              },
              'containers',
            ),
          },
          'spec',
        ),
        traffic: list(
          object({ percent: whole(0, 100), latestRevision: flag, revisionName: text, tag: text }),
        ),
      },
      'template',
    ),
  },
  'metadata',
  'spec',
);

const KINDS = {
  'monitoring.googleapis.com/v1 PodMonitoring': podMonitoring,
  'monitoring.googleapis.com/v1 Rules': rules,
  'keda.sh/v1alpha1 ScaledObject': scaledObject,
  'keda.sh/v1alpha1 TriggerAuthentication': triggerAuthentication,
  'cloud.google.com/v1 BackendConfig': backendConfig,
  'networking.gke.io/v1 ManagedCertificate': managedCertificate,
  'serving.knative.dev/v1 Service': cloudRunService,
};

/** Groups of Kubernetes' own kinds, which its own schemas check. */
const OWN_GROUPS = /^(v1|(apps|batch|autoscaling|policy)\/\w+|[\w.]+\.k8s\.io\/\w+)$/;

/** What is wrong with the resources of vendors; a kind without a schema is wrong as well. */
export function vendorViolations(resources) {
  return resources
    .filter(({ apiVersion }) => !OWN_GROUPS.test(apiVersion))
    .flatMap((resource) => {
      const { apiVersion, kind, metadata: { name } = {} } = resource;
      const schema = KINDS[`${apiVersion} ${kind}`];
      if (!schema) return [`${kind} ${name}: ${apiVersion} has no schema in dev/check/vendor-kinds.mjs`];
      return schemaViolations(resource, schema).map((violation) => `${kind} ${name}: ${violation}`);
    });
}
