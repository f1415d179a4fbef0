// Counts the calls a process makes through its seams, and strikes it where its strikes say.
import { writeSync } from 'node:fs';
import { REPORT_FD, STRIKES_VARIABLE, type Report, type Strike } from '../strike.ts';

const strikes = JSON.parse(process.env[STRIKES_VARIABLE] ?? '[]') as Strike[];
/** Jobs that a death has interrupted and that have no checkpoint since: crash loops have a test of their own. */
const spared = new Set<string>();
let met = 0;

/** Writes a line to whoever started this process; a reader that is gone is no reason to fail. */
export function report(line: Report): void {
  try {
    writeSync(REPORT_FD, `${JSON.stringify(line)}\n`);
  } catch {
    // Nobody reads any more.
  }
}

/** No process is killed while it runs this job. */
export function spare(job: string): void {
  spared.add(job);
}

/** The job is past the point at which deaths are counted. */
export function spareNoMore(job: string): void {
  spared.delete(job);
}

/** The real module a wrapper stands in for. */
export async function realModule<T>(wrapperUrl: string): Promise<T> {
  return (await import(new URL(wrapperUrl).searchParams.get('real') ?? '')) as T;
}

/** A call that a strike may precede or follow. */
export async function watchedCall<T>(call: string, run: () => Promise<T> | T): Promise<T> {
  pass(call, 'before');
  const result = await run();
  pass(call, 'after');
  return result;
}

/** One passing of a point; the process may not live to see it return. */
export function pass(call: string, when: Strike['when']): void {
  const [strike] = strikes;
  if (!strike || strike.when !== when || (strike.call !== call && strike.call !== '*')) return;
  met += 1;
  if (met < strike.nth || (strike.signal === 'SIGKILL' && spared.size > 0)) return;
  strikes.shift();
  met = 0;
  report({ kind: 'strike', strike: { ...strike, call } });
  process.kill(process.pid, strike.signal);
}

/** The object with every promise-returning method watched as `name.method`; the others are left alone or replaced. */
export function watched<T extends object>(name: string, real: T, replaced: Partial<T> = {}): T {
  return new Proxy(real, {
    get(target, key) {
      const value: unknown = Reflect.get(replaced, key) ?? Reflect.get(target, key);
      if (typeof value !== 'function' || typeof key !== 'string') return value;
      const method = value as (...given: unknown[]) => unknown;
      if (key in replaced || key === 'close') return method.bind(target);
      return (...given: unknown[]) => watchedCall(`${name}.${key}`, () => method.apply(target, given));
    },
  });
}
