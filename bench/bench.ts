// `npm run bench [-- NAME …]`: runs one benchmark by name, or says which there are.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BENCHMARKS: Readonly<Record<string, string>> = {
  'storage-path': 'the storage path side by side with a bare relay of the same Arrow bytes [rows] [rounds]',
  'flat-memory': 'one run of many rows and the memory it held from beginning to end [rows]',
  'start-up': 'from the start of a built worker until it is ready, with and without a compile cache [rounds]',
  columnar: 'cutting and adding up Arrow rows in one thread, without any network [rows]',
};

const [name = 'storage-path', ...args] = process.argv.slice(2);
if (name in BENCHMARKS) {
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], { stdio: 'inherit' });
  process.exitCode = await new Promise<number>((resolve) =>
    child.once('close', (code) => resolve(code ?? 1)),
  );
} else {
  console.error(`there is no benchmark "${name}"; choose one of`);
  for (const [known, what] of Object.entries(BENCHMARKS)) console.error(`  ${known.padEnd(13)} ${what}`);
  process.exitCode = 2;
}
