// While a simulation runs, time and chance of the process are out of reach: what asks for them would not replay.

/** Whether the database is at work: TypeORM times its own statements, and gets virtual time for that. */
type IsDatabaseWork = () => boolean;

/** Replaces the globals; returns what puts them back. */
export function poisonGlobals(nowMs: () => number, isDatabaseWork: IsDatabaseWork): () => void {
  const escaped = (what: string): never => {
    throw new Error(`${what} was used in the simulated core: its outcome depends on more than the seed`);
  };
  const RealDate = Date;
  const dateNow = (): number => (isDatabaseWork() ? Math.floor(nowMs()) : escaped('Date.now()'));
  const PoisonedDate = new Proxy(RealDate, {
    construct(target, given: readonly unknown[]) {
      return given.length === 0 ? new target(dateNow()) : (Reflect.construct(target, given) as Date);
    },
    get: (target, name) => (name === 'now' ? dateNow : (Reflect.get(target, name) as unknown)),
  });
  const replaced: [object, string, unknown][] = [
    [globalThis, 'Date', PoisonedDate],
    [Math, 'random', () => escaped('Math.random()')],
    [performance, 'now', () => escaped('performance.now()')],
    [crypto, 'randomUUID', () => escaped('crypto.randomUUID()')],
    ...['setTimeout', 'setInterval', 'setImmediate', 'fetch'].map((name): [object, string, unknown] => [
      globalThis,
      name,
      () => escaped(`${name}()`),
    ]),
  ];
  const restore = replaced.map(([target, name, poison]) => {
    const real = Object.getOwnPropertyDescriptor(target, name);
    Object.defineProperty(target, name, { value: poison, configurable: true, writable: true });
    return () => {
      if (real) Object.defineProperty(target, name, real);
      else Reflect.deleteProperty(target, name);
    };
  });
  return () => restore.forEach((putBack) => putBack());
}
