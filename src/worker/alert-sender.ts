/** The port through which alerts leave the program: a webhook, a module of the user's, or the log. */
import type { AlertRecord } from '../state/alert-store.ts';

/** An alert as it is sent; `times` counts the ones of its kind and key that it stands for. */
export type OutgoingAlert = Omit<AlertRecord, 'ids' | 'attempts' | 'createdAt'> & {
  readonly times: number;
  /** When the first of them was recorded, RFC 3339. */
  readonly at: string;
};

/** Sends one alert; rejects when it may not have arrived, and is then asked again. The signal aborts when nobody waits any more. */
export type AlertSender = (alert: OutgoingAlert, signal: AbortSignal) => Promise<void>;
