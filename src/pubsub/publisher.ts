/** Publishes jobs and dead letters, each message confirmed by the broker before it counts as published. */
import { encodeMessage } from '../job/encode-message.ts';
import type { JobRequest } from '../job/job.ts';
import type { Publisher } from '../worker/publisher.ts';
import type { PubSubClients } from './clients.ts';
import { pubSubTrouble } from './errors.ts';

const PUBLISH_TIMEOUT_MS = 20_000;
/** Limits of a Pub/Sub attribute. Source: Pub/Sub documentation, quotas and limits. */
const MAX_ATTRIBUTE_BYTES = 1_024;
const MAX_ATTRIBUTES = 100;
/** Attributes with this beginning are Pub/Sub's own and refused from others. Source: the same. */
const RESERVED = 'goog';
/** A request may have 10 MB, and the attributes of a message up to 128 KiB of it. Source: the same. */
const MAX_DEAD_LETTER_BYTES = 9_500_000;

/** What surrounds the publishing of a job and gives its message attributes, such as those of a trace. */
export type AroundPublish = (
  request: JobRequest,
  publish: (attributes: Readonly<Record<string, string>>) => Promise<string>,
) => Promise<string>;

const plainly: AroundPublish = (_, publish) => publish({});

/** Publishes to the two topics; rejects with a sentence that says what to mend. */
export function createPublisher(
  { publisher }: PubSubClients,
  topics: { readonly projectId: string; readonly topic: string; readonly deadLetterTopic: string },
  around = plainly,
): Publisher {
  const publish = async (topic: string, data: Uint8Array, attributes: Readonly<Record<string, string>>) => {
    const name = `projects/${topics.projectId}/topics/${topic}`;
    try {
      const [{ messageIds }] = await publisher.publish(
        { topic: name, messages: [{ data, attributes: withinLimits(attributes) }] },
        { timeout: PUBLISH_TIMEOUT_MS },
      );
      return messageIds?.[0] ?? '';
    } catch (error) {
      throw new Error(pubSubTrouble(error, name).message, { cause: error });
    }
  };
  return {
    publishJob: (request) =>
      around(request, (attributes) => publish(topics.topic, encodeMessage(request), attributes)),
    publishDeadLetter: (data, attributes) => {
      if (data.byteLength <= MAX_DEAD_LETTER_BYTES) return publish(topics.deadLetterTopic, data, attributes);
      const original = { original_bytes: String(data.byteLength) };
      const beginning = data.subarray(0, MAX_DEAD_LETTER_BYTES);
      return publish(topics.deadLetterTopic, beginning, { ...attributes, ...original });
    },
  };
}

/** A message that came with the most attributes allowed still gets a reason: the last ones, which are ours, win. */
function withinLimits(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(attributes)
    .filter(([key]) => !key.startsWith(RESERVED))
    .slice(-MAX_ATTRIBUTES);
  return Object.fromEntries(entries.map(([key, value]) => [key, truncated(value)]));
}

function truncated(value: string): string {
  if (Buffer.byteLength(value) <= MAX_ATTRIBUTE_BYTES) return value;
  const whole = new TextDecoder().decode(Buffer.from(value).subarray(0, MAX_ATTRIBUTE_BYTES - 8));
  return `${whole.replace(/\uFFFD+$/u, '')}…`;
}
