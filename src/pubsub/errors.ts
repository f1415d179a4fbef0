/** Says in a sentence what a failed Pub/Sub call means and how to mend it; the only place that reads its status codes. */
import { messageOf } from '../job/errors.ts';
import { grpc } from 'google-gax';

/** Whether and when it is worth calling again. */
export type PubSubTrouble = {
  readonly message: string;
  readonly kind: 'not_found' | 'denied' | 'transient' | 'rejected';
};

const { status } = grpc;
const REJECTED: readonly number[] = [
  status.INVALID_ARGUMENT,
  status.FAILED_PRECONDITION,
  status.OUT_OF_RANGE,
  status.UNIMPLEMENTED,
];

/** What went wrong with a resource such as `projects/p/subscriptions/s`. */
export function pubSubTrouble(error: unknown, resource: string): PubSubTrouble {
  const code = statusCode(error);
  const text = briefly(error);
  if (code === status.NOT_FOUND) {
    return {
      kind: 'not_found',
      message: `${resource} does not exist; create it with pulse-billing-etl provision (${text})`,
    };
  }
  if (code === status.PERMISSION_DENIED || code === status.UNAUTHENTICATED) {
    return {
      kind: 'denied',
      message: `this identity may not use ${resource}; grant it the role it needs (${text})`,
    };
  }
  if (code !== undefined && REJECTED.includes(code))
    return { kind: 'rejected', message: `${resource}: ${text}` };
  return {
    kind: 'transient',
    message: `Pub/Sub did not answer for ${resource}; check the network, and PUBSUB_EMULATOR_HOST when an emulator is meant (${text})`,
  };
}

/** What the client says, without the list of earlier tries it appends to a call that it gave up. */
function briefly(error: unknown): string {
  const text = messageOf(error);
  return text
    .replace(
      /(?:\s*Resolution note:)?\s*(?:before any response was received\.)?\s*: Previous errors : .*$/s,
      '',
    )
    .trim();
}

/** The gRPC status code of an error, when it has one. */
export function statusCode(error: unknown): number | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'number' ? code : undefined;
}
