/** POST /push: takes one message from Pub/Sub and answers once its job has ended for good. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { parseMessage } from '../job/message.ts';
import type { PushAuth } from '../pubsub/push-auth.ts';
import type { PushDeliveries, PushOutcome } from '../pubsub/push-deliveries.ts';
import { parsePushEnvelope, type PushMessage } from '../pubsub/push-envelope.ts';
import { HttpProblem, success } from './envelope.ts';

export type PushRoute = {
  readonly auth: PushAuth;
  readonly deliveries: PushDeliveries;
  /** `projects/…/subscriptions/…`: no other subscription may push. */
  readonly subscription: string;
};

/** A message of 10 MB in base64 with its envelope: one too large for a job is still to be dead-lettered. */
const BODY_LIMIT_BYTES = 14 * 1024 * 1024;
/** Pub/Sub sends what was refused again until its attempts are used up; these need no second dead letter. */
const REMEMBERED = 1_000;

/** Adds the route; the token is checked before the body is read. */
export function addPushRoute(server: FastifyInstance, push: PushRoute): void {
  const refusedBefore = new Set<string>();
  server.post(
    '/push',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      config: { access: 'push' },
      onRequest: (request) => demandToken(push.auth, request.headers.authorization),
    },
    async (request, reply) => {
      const message = messageIn(request.body, push.subscription);
      const parsed = parseMessage(message.data);
      const isKnown = parsed.kind === 'invalid' && refusedBefore.has(message.messageId);
      // An invalid message is dead-lettered by the worker, like one that was pulled.
      const outcome = isKnown ? 'done' : await push.deliveries.receive(message);
      if (parsed.kind === 'valid' || outcome !== 'done') return answer(outcome, reply);
      remember(refusedBefore, message.messageId);
      throw new HttpProblem(400, parsed.reason, 'the message can never run', parsed.violations);
    },
  );
}

async function demandToken(auth: PushAuth, authorization: string | undefined): Promise<void> {
  const outcome = await auth(authorization);
  if (outcome.kind === 'unavailable') throw new HttpProblem(503, 'unavailable', outcome.why);
  if (outcome.kind === 'refused') throw new HttpProblem(401, 'unauthorized', outcome.why);
}

function messageIn(body: unknown, subscription: string): PushMessage {
  const parsed = parsePushEnvelope(body);
  if (parsed.kind === 'invalid')
    throw new HttpProblem(400, 'invalid_message', 'this is no push of Pub/Sub', parsed.violations);
  if (parsed.message.subscription !== subscription)
    throw new HttpProblem(403, 'forbidden', `only ${subscription} may push here: see SUBSCRIPTION`);
  return parsed.message;
}

/** Only what is settled for good gets a 2xx; everything else makes Pub/Sub wait and send it again. */
function answer(outcome: PushOutcome, reply: FastifyReply): FastifyReply {
  switch (outcome) {
    case 'done':
      return reply.send(success('the job has ended', null));
    case 'open':
      throw new HttpProblem(429, 'busy', 'an earlier request with this message is still open');
    case 'still_running':
      throw new HttpProblem(503, 'busy', 'the job goes on; its message is expected again');
    case 'given_back':
      throw new HttpProblem(503, 'unavailable', 'the job was not begun or not finished: send it again');
    case 'unavailable':
      throw new HttpProblem(503, 'unavailable', 'no jobs are taken in right now');
  }
}

function remember(ids: Set<string>, id: string): void {
  ids.add(id);
  const [oldest] = ids;
  if (ids.size > REMEMBERED && oldest !== undefined) ids.delete(oldest);
}
