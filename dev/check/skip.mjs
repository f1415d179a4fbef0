// What a check does when a tool is missing that the project does not install by itself.

/** The exit code that means neither passed nor failed. */
export const SKIPPED = 77;

/** Ends the process with what was not checked and why. */
export function skip(reason) {
  process.stdout.write(`${reason}\n`);
  process.exit(SKIPPED);
}
