// What a check does when a tool is missing that the project does not install by itself.

/** Ends the process: as passed on a person's machine, with what was not checked and why; as failed where CI is set. */
export function skip(reason) {
  process.stdout.write(`skipped: ${reason}\n`);
  process.exit((process.env.CI ?? '') === '' ? 0 : 1);
}
