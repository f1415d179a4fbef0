// The Pub/Sub emulator: found, never installed, because where it comes from (gcloud, apt) is the user's choice.
import { whyNoPubSubEmulator } from './find-pubsub-emulator.mjs';

/** The part of the set-up that makes sure of a Pub/Sub emulator: one that runs already, or one that can be started. */
export function pubSubEmulator() {
  const problem = () => ((process.env.PUBSUB_EMULATOR_HOST ?? '') === '' ? whyNoPubSubEmulator() : undefined);
  return {
    name: 'Pub/Sub emulator',
    isReady: () => problem() === undefined,
    missing: () => [problem()],
    install: async () => undefined,
  };
}
