// The types of find-program.mjs, which is plain JavaScript because set-up runs before any package is installed.
export function systemPath(): string;
export function findProgram(name: string): string | undefined;
