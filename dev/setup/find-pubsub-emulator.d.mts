// The types of find-pubsub-emulator.mjs, which is plain JavaScript because set-up runs before any package is installed.
export function whyNoPubSubEmulator(): string | undefined;
export function pubSubEmulatorCommand(
  host: string,
  port: number,
  project: string,
): { command: string; args: string[] };
