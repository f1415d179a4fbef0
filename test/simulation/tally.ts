// What went wrong on purpose in many worlds: a simulation whose faults never fired has shown nothing.
import { FAULT_KINDS, type FaultKind, type Operation } from './fault-kinds.ts';

/** A tally as it travels between processes. */
export type TallyCounts = {
  readonly kinds: Readonly<Record<string, number>>;
  readonly crashPoints: Readonly<Record<string, number>>;
  /** Calls by operation. */
  readonly operations: Readonly<Record<string, number>>;
};

/** Counts the faults injected, by kind, the deaths by the call at which they happened, and the calls made. */
export class Tally {
  readonly kinds = new Map<string, number>();
  /** `kill_after destination.commitWriteStreams`, counted. */
  readonly crashPoints = new Map<string, number>();
  readonly operations = new Map<string, number>();

  readonly onFault = (kind: FaultKind, operation: Operation): void => {
    count(this.kinds, kind);
    if (kind.startsWith('kill_')) count(this.crashPoints, `${kind} ${operation}`);
  };

  /** The calls of a world. */
  reached(calls: readonly { readonly operation: Operation }[]): void {
    for (const { operation } of calls) count(this.operations, operation);
  }

  add(other: TallyCounts): void {
    for (const [kind, times] of Object.entries(other.kinds)) count(this.kinds, kind, times);
    for (const [point, times] of Object.entries(other.crashPoints)) count(this.crashPoints, point, times);
    for (const [operation, times] of Object.entries(other.operations))
      count(this.operations, operation, times);
  }

  toJSON(): TallyCounts {
    return {
      kinds: Object.fromEntries(this.kinds),
      crashPoints: Object.fromEntries(this.crashPoints),
      operations: Object.fromEntries(this.operations),
    };
  }

  /** Fault kinds that fired fewer than so many times, and operations before or after which nobody died, rare ones excepted. */
  lacking(ofEachKind: number, rareBelow = 1): readonly string[] {
    const often = [...this.operations].filter(([, calls]) => calls >= rareBelow).map(([name]) => name);
    const points = often.flatMap((operation) => [`kill_before ${operation}`, `kill_after ${operation}`]);
    return [
      ...FAULT_KINDS.filter((kind) => (this.kinds.get(kind) ?? 0) < ofEachKind),
      ...points.filter((point) => !this.crashPoints.has(point)),
    ];
  }

  get total(): number {
    return [...this.kinds.values()].reduce((sum, times) => sum + times, 0);
  }
}

function count(counts: Map<string, number>, name: string, times = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + times);
}
