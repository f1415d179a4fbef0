/** The port through which messages arrive: a delivery, and where deliveries come from. */

/** One arrival of a message; it stays ours for as long as it is extended. */
export type Delivery = {
  readonly messageId: string;
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  /** Tells the broker that the message is done with. Never rejects: a lost ack only means that the message comes again. */
  ack(): Promise<void>;
  /** Gives the message back for redelivery, unless its deadline has passed and the broker has it back already. Never rejects. */
  nack(): Promise<void>;
};

/** Whether messages can arrive, and what is wrong when they cannot. */
export type ConnectionState = { readonly connected: boolean; readonly why: string };

/** A subscription that is pulled. */
export type DeliverySource = {
  /** The deadline each extension sets; extend at least every third of it. */
  readonly ackDeadlineMs: number;
  /** Begins to receive; reconnects by itself until stopped. */
  start(onDelivery: (delivery: Delivery) => void): void;
  /** Stops and resumes receiving without giving back what is held. Both safe to repeat. */
  pause(): void;
  resume(): void;
  /** Keeps these deliveries ours for another deadline, in one call; failures are counted by the source, never thrown. */
  extend(deliveries: readonly Delivery[]): Promise<void>;
  /** Leaves a connection that brings nothing for a new one; a source without one of its own has no such thing. */
  renew?(why: string): void;
  connection(): ConnectionState;
  /** Stops receiving for good; acks and nacks still go out. */
  stopReceiving(): void;
  /** Waits for acks and nacks under way, then closes. */
  close(): Promise<void>;
};
