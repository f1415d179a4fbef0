// What went wrong on purpose in many worlds: a simulation whose faults never fired has shown nothing.
import { FAULT_KINDS, type FaultKind, type Operation } from './fault-kinds.ts';

/** Counts the faults injected, by kind, and the deaths by the call at which they happened. */
export class Tally {
  readonly kinds = new Map<FaultKind, number>();
  /** `kill_after destination.commitWriteStreams`, counted. */
  readonly crashPoints = new Map<string, number>();

  readonly onFault = (kind: FaultKind, operation: Operation): void => {
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    if (!kind.startsWith('kill_')) return;
    const point = `${kind} ${operation}`;
    this.crashPoints.set(point, (this.crashPoints.get(point) ?? 0) + 1);
  };

  add(other: { readonly kinds: Record<string, number>; readonly crashPoints: Record<string, number> }): void {
    for (const [kind, count] of Object.entries(other.kinds) as [FaultKind, number][])
      this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + count);
    for (const [point, count] of Object.entries(other.crashPoints))
      this.crashPoints.set(point, (this.crashPoints.get(point) ?? 0) + count);
  }

  toJSON() {
    return { kinds: Object.fromEntries(this.kinds), crashPoints: Object.fromEntries(this.crashPoints) };
  }

  /** Fault kinds that fired fewer than so many times, and deaths at one of these operations that never happened. */
  lacking(ofEachKind: number, operations: readonly Operation[] = []): readonly string[] {
    const points = operations.flatMap((operation) => [`kill_before ${operation}`, `kill_after ${operation}`]);
    return [
      ...FAULT_KINDS.filter((kind) => (this.kinds.get(kind) ?? 0) < ofEachKind),
      ...points.filter((point) => !this.crashPoints.has(point)),
    ];
  }

  get total(): number {
    return [...this.kinds.values()].reduce((sum, count) => sum + count, 0);
  }
}
