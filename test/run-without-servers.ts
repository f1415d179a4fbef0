// Runs tests that need no server.
import { runTestFiles } from './support/run-test-files.ts';

process.exitCode = await runTestFiles(process.argv.slice(2), {});
