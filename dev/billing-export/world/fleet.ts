// The resources of one kind in one region: a fixed number of places, each taken by one resource after another.
import { Random } from '../random.ts';
import { type WeightedChoice, zipfChoice } from '../weighted-choice.ts';
import type { Project } from './organization.ts';
import type { Region } from './regions.ts';
import { createResource, type Resource } from './resource.ts';
import type { ResourceKind } from './service-offers.ts';

interface Berth {
  readonly index: number;
  readonly project: Project;
  readonly lifetimeHours: number;
  readonly phaseHours: number;
  readonly byGeneration: Map<number, Resource>;
}

const BERTHS = 40;
const LIFETIMES_HOURS = [2 * 24, 14 * 24, 90 * 24];

/** Resources with lifetimes; which one is used depends on the hour alone, never on what was asked before. */
export class Fleet {
  readonly #kind: ResourceKind;
  readonly #region: Region;
  readonly #seed: readonly (string | number)[];
  readonly #berths: WeightedChoice<Berth>;

  constructor(
    kind: ResourceKind,
    region: Region,
    projects: WeightedChoice<Project>,
    seed: readonly (string | number)[],
  ) {
    this.#kind = kind;
    this.#region = region;
    this.#seed = [...seed, kind, region.name];
    const random = new Random(...this.#seed);
    this.#berths = zipfChoice(
      Array.from({ length: BERTHS }, (_, index) => {
        const lifetimeHours = random.pick(LIFETIMES_HOURS);
        const phaseHours = random.below(lifetimeHours);
        return { index, project: projects.draw(random), lifetimeHours, phaseHours, byGeneration: new Map() };
      }),
    );
  }

  /** A resource that was alive in this hour since 1970. */
  draw(random: Random, hour: number): Resource {
    const berth = this.#berths.draw(random);
    const generation = Math.floor((hour + berth.phaseHours) / berth.lifetimeHours);
    const known = berth.byGeneration.get(generation);
    if (known !== undefined) return known;
    const resource = createResource(this.#kind, this.#region, berth.project, [
      ...this.#seed,
      berth.index,
      generation,
    ]);
    berth.byGeneration.set(generation, resource);
    return resource;
  }
}
