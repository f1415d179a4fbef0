// What may go wrong with a call: scripted by whoever uses the strict warehouse, by operation and count, never by time.
import type { Destination } from '../../../src/etl/destination.ts';
import type { Source } from '../../../src/etl/source.ts';
import type { JobError } from '../../../src/job/errors.ts';

/** `append` is one append of a writer, `readRows` one message of a stream. */
export type Operation = Exclude<keyof Source | keyof Destination, 'openWriter' | 'commitJob'> | 'append';

/** One call; `count` is which of this operation it is, over all callers, from 1. */
export type Call = { readonly operation: Operation; readonly caller: string; readonly count: number };

/** What becomes of a call; a delay comes before anything else. */
export type Fault = { readonly delayMs?: number } & (
  | { readonly kind: 'none' }
  /** It never arrives. */
  | { readonly kind: 'request_lost'; readonly error: JobError }
  /** It is carried out, and nobody learns so. */
  | { readonly kind: 'reply_lost'; readonly error: JobError }
  /** It is not carried out, and this is answered. */
  | { readonly kind: 'answered'; readonly answer: unknown }
);

/** Asked at every call; undefined lets it pass. */
export type FaultScript = (call: Call) => Fault | undefined;

/** The fault for the given calls of one operation, counted from 1. */
export function onCalls(operation: Operation, counts: readonly number[], fault: Fault): FaultScript {
  return (call) => (call.operation === operation && counts.includes(call.count) ? fault : undefined);
}

/** The first of the scripts that has a fault for a call. */
export function anyOf(...scripts: readonly FaultScript[]): FaultScript {
  return (call) => {
    for (const script of scripts) {
      const fault = script(call);
      if (fault) return fault;
    }
    return undefined;
  };
}
