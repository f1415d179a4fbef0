// What really happened, in order: written by the doubles only, so that a checker need not believe the program's own log.

/** One effect, or one call and what became of it; `caller` says on whose behalf. */
export type OracleEntry = {
  readonly at: number;
  readonly caller: string;
  readonly event: string;
  readonly detail: Readonly<Record<string, unknown>>;
};

/** Append-only; doubles that share one share its order. */
export class OracleLog {
  readonly #entries: OracleEntry[] = [];
  readonly #violations: string[] = [];

  record(caller: string, event: string, detail: Readonly<Record<string, unknown>> = {}): void {
    this.#entries.push({ at: this.#entries.length, caller, event, detail });
  }

  /** Something no correct program would do, although the service would have let it pass. */
  violation(caller: string, what: string): void {
    this.record(caller, 'violation', { what });
    this.#violations.push(`${caller}: ${what}`);
  }

  entries(event?: string): readonly OracleEntry[] {
    return event === undefined ? this.#entries : this.#entries.filter((entry) => entry.event === event);
  }

  get violations(): readonly string[] {
    return this.#violations;
  }
}
