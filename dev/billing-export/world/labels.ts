// The labels and tags that the generated organization's people and tools have set, in several scripts.
import type { Random } from '../random.ts';
import type { Tag } from './key-values.ts';

type Pair = readonly [key: string, value: string];

const LABELS: readonly (readonly [key: string, values: readonly string[]])[] = [
  ['env', ['prod', 'staging', 'dev', 'qa', '']],
  ['team', ['payments', 'data-platform', 'growth', 'équipe-données', '検索', 'größenwahn', 'команда-7']],
  ['cost-center', ['cc-1001', 'cc-1002', 'cc-2040', 'cc-7731']],
  ['app', ['checkout', 'ledger', 'search-index', 'ml-features', 'reports', 'edge-proxy']],
  ['component', ['api', 'worker', 'cache', 'scheduler', 'ui']],
  [
    'owner',
    [
      'zoë',
      'nguyễn',
      'müller',
      'o-brien',
      '田中',
      'a-rather-long-owner-name-of-the-kind-that-single-sign-on-makes',
    ],
  ],
  ['managed-by', ['terraform', 'crossplane', 'hand', '']],
  ['data-class', ['public', 'internal', 'confidential', 'vertraulich']],
  ['région', ['île-de-france', 'köln', 'são-paulo']],
];

const CLUSTER_LABELS: readonly (readonly [key: string, values: readonly string[]])[] = [
  ['goog-k8s-cluster-name', ['prod-eu', 'prod-us', 'batch', 'sandbox']],
  ['goog-k8s-cluster-location', ['europe-west1', 'us-central1']],
  ['k8s-namespace', ['default', 'kube-system', 'payments', 'observability']],
  ['k8s-workload-type', ['deployment', 'statefulset', 'daemonset', 'job']],
  ['k8s-workload-name', ['checkout-api', 'ledger-writer', 'otel-collector', 'nightly-report']],
];

const PROJECT_LABELS: readonly (readonly [key: string, values: readonly string[]])[] = [
  ['business-unit', ['retail', 'logistics', 'ホールディングス', 'förvaltning']],
  ['environment', ['production', 'non-production']],
  ['firebase', ['enabled']],
];

const TAGS: readonly (readonly [key: string, values: readonly string[]])[] = [
  ['environment', ['production', 'development', 'disaster-recovery']],
  ['confidentiality', ['high', 'medium', 'low']],
  ['budget', ['opex', 'capex', 'überzogen']],
  ['lifecycle', ['temporary', 'permanent']],
];

/** The user labels of one resource; `release` counts up as the labels churn. */
export function resourceLabels(random: Random, inCluster: boolean, release: number): Pair[] {
  const own = some(random, LABELS, random.between(2, 7));
  const cluster = inCluster ? some(random, CLUSTER_LABELS, CLUSTER_LABELS.length) : [];
  return [...own, ...cluster, ['release', `v1-${release}`]];
}

/** More labels than a list widget or a fixed buffer expects: 51 to 64. */
export function crowdedLabels(random: Random): Pair[] {
  return Array.from({ length: random.between(51, 64) }, (_, i) => [
    `attribute-${i}`,
    `wert-${random.hex(6)}-ü`,
  ]);
}

/** The labels of one project. */
export function projectLabels(random: Random): Pair[] {
  return some(random, PROJECT_LABELS, random.between(0, 3));
}

/** The tags of the resources of one project, in the namespace of its organization. */
export function projectTags(random: Random, namespace: string): Tag[] {
  return some(random, TAGS, random.between(0, 4)).map(([key, value]) => ({
    key,
    value,
    namespace,
    inherited: random.chance(0.6),
  }));
}

function some(
  random: Random,
  from: readonly (readonly [key: string, values: readonly string[]])[],
  count: number,
): Pair[] {
  return random
    .shuffle(from)
    .slice(0, count)
    .map(([key, values]) => [key, random.pick(values)]);
}
