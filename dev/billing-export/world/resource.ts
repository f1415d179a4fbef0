// One cloud resource: its names, its place, and labels that change during its life.
import { type EncodedText, encodeText } from '../encoded-text.ts';
import { Random } from '../random.ts';
import { type KeyValues, keyValues, NO_LABELS } from './key-values.ts';
import { resourceLabels } from './labels.ts';
import type { Project } from './organization.ts';
import type { Location, Region } from './regions.ts';
import type { ResourceKind } from './service-offers.ts';

/** The `resource` struct; usage of a service as a whole has a struct with neither name. */
export interface ResourceName {
  readonly name: EncodedText | undefined;
  readonly globalName: EncodedText | undefined;
}

/** A resource that was created, is used, and is deleted one day. */
export interface Resource {
  readonly project: Project;
  readonly location: Location;
  readonly name: ResourceName;
  readonly systemLabels: KeyValues;
  /** Its user labels in this hour since 1970; changed labels are not retroactive, so earlier hours keep theirs. */
  readonly labelsAt: (hour: number) => KeyValues;
}

const HOURS_BETWEEN_RELEASES = 7 * 24;
const MACHINES = [
  { spec: 'n2-standard-8', cores: '8', memory: '32768' },
  { spec: 'n2-highmem-4', cores: '4', memory: '32768' },
  { spec: 'e2-medium', cores: '2', memory: '4096' },
  { spec: 'c3-standard-22', cores: '22', memory: '90112' },
];
const NAMELESS: ResourceName = { name: undefined, globalName: undefined };

/** The collection of each kind in a resource's full name, `instances` in `//…/instances/123`. */
const COLLECTIONS: Readonly<
  Record<Exclude<ResourceKind, 'unnamed'>, readonly [api: string, collection: string]>
> = {
  instance: ['compute', 'instances'],
  disk: ['compute', 'disks'],
  bucket: ['storage', 'buckets'],
  dataset: ['bigquery', 'datasets'],
  cluster: ['container', 'clusters'],
  database: ['cloudsql', 'instances'],
  'run-service': ['run', 'services'],
  topic: ['pubsub', 'topics'],
  address: ['compute', 'addresses'],
  endpoint: ['aiplatform', 'endpoints'],
};

/** Creates the resource that this seed describes; every call with one seed makes the same one. */
export function createResource(
  kind: ResourceKind,
  region: Region,
  project: Project,
  seed: readonly (string | number)[],
): Resource {
  const random = new Random(...seed);
  const zone = region.zones.length > 0 && kind !== 'bucket' ? random.pick(region.zones) : undefined;
  const firstLabels = random.next();
  const machine = random.pick(MACHINES);
  return {
    project,
    location: zone !== undefined && isZonal(kind) ? zone.location : region.regional,
    name: kind === 'unnamed' ? NAMELESS : resourceName(kind, project, zone?.name ?? region.name, random),
    systemLabels: kind === 'instance' ? machineLabels(machine) : NO_LABELS,
    labelsAt: rememberedLabels(kind, firstLabels),
  };
}

function isZonal(kind: ResourceKind): boolean {
  return kind === 'instance' || kind === 'disk';
}

function resourceName(
  kind: Exclude<ResourceKind, 'unnamed'>,
  project: Project,
  place: string,
  random: Random,
): ResourceName {
  const [api, collection] = COLLECTIONS[kind];
  const name = `${kind}-${random.hex(4)}-${random.hex(8)}`;
  const path = `//${api}.googleapis.com/projects/${project.numberText}/locations/${place}/${collection}`;
  // Instances are identified by number; only their short name is the one that people chose.
  return {
    name: encodeText(name),
    globalName: encodeText(`${path}/${kind === 'instance' ? random.digits(19) : name}`),
  };
}

function machineLabels(machine: { spec: string; cores: string; memory: string }): KeyValues {
  return keyValues([
    ['compute.googleapis.com/cores', machine.cores],
    ['compute.googleapis.com/is_unused_reservation', 'false'],
    ['compute.googleapis.com/machine_spec', machine.spec],
    ['compute.googleapis.com/memory', machine.memory],
  ]);
}

function rememberedLabels(kind: ResourceKind, seed: number): Resource['labelsAt'] {
  if (kind === 'unnamed' || seed % 10 === 0) return () => NO_LABELS;
  const byRelease = new Map<number, KeyValues>();
  return (hour) => {
    const release = Math.floor(hour / HOURS_BETWEEN_RELEASES);
    const known = byRelease.get(release);
    if (known !== undefined) return known;
    const labels = keyValues(resourceLabels(new Random(seed), kind === 'cluster', release));
    byRelease.set(release, labels);
    return labels;
  };
}
