/** Sets the clock of the current thread forward, so that a transform which depends on the time gives itself away. */

/** Changes what `Date` takes for now, in this thread only; dates made of something stay as they are. */
export function runClockAhead(aheadMs: number): void {
  const real = Date;
  const now = (): number => real.now() + aheadMs;
  globalThis.Date = new Proxy(real, {
    construct: (target, given: unknown[], newTarget: new () => object) =>
      Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget) as object,
    apply: () => new real(now()).toString(),
    get: (target, name, receiver): unknown => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  });
}
