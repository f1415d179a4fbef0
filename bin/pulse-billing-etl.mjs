#!/usr/bin/env -S node --max-semi-space-size=4
// The command of the package. It is there before the program is built: npx remembers a command that it once did not find.
import { existsSync } from 'node:fs';

const PROGRAM = new URL('../dist/main.js', import.meta.url);

if (existsSync(PROGRAM)) await import(PROGRAM.href);
else {
  process.stderr.write('error: the program is not built yet: run npm run build\n');
  process.exitCode = 1;
}
