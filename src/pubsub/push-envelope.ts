/** Reads the body of a push request: Pub/Sub's envelope around one message. */

/** The message, and the subscription that pushed it. */
export type PushMessage = {
  readonly messageId: string;
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  /** `projects/…/subscriptions/…` */
  readonly subscription: string;
};

export type ParsedEnvelope =
  | { readonly kind: 'valid'; readonly message: PushMessage }
  | { readonly kind: 'invalid'; readonly violations: readonly string[] };

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Never throws: the answer is the message, or everything that is wrong. Source: Pub/Sub documentation, push subscriptions: wrapped messages. */
export function parsePushEnvelope(body: unknown): ParsedEnvelope {
  if (!isObject(body) || !isObject(body['message']))
    return { kind: 'invalid', violations: ['the body must be a Pub/Sub envelope: an object with a message'] };
  const { subscription, message } = body as { subscription?: unknown; message: Record<string, unknown> };
  const { messageId, data = '', attributes } = message;
  const violations = [];
  if (!isFilled(subscription)) violations.push('subscription must be the name of the subscription');
  if (!isFilled(messageId)) violations.push('message.messageId must be text');
  if (!isBase64(data)) violations.push('message.data must be base64');
  // An empty map of attributes is sent as null by some senders.
  if (!isTexts(attributes ?? {})) violations.push('message.attributes must be an object of texts');
  if (violations.length > 0) return { kind: 'invalid', violations };
  return {
    kind: 'valid',
    message: {
      messageId: messageId as string,
      data: Buffer.from(data as string, 'base64'),
      attributes: (attributes ?? {}) as Record<string, string>,
      subscription: subscription as string,
    },
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFilled(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isBase64(value: unknown): boolean {
  return typeof value === 'string' && value.length % 4 === 0 && BASE64.test(value);
}

function isTexts(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((entry) => typeof entry === 'string');
}
