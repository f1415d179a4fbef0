// Carries out the stages of a Dockerfile in plain folders, one a stage, so that the image can be tried without a builder.
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, copyFileSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemPath } from '../setup/find-program.mjs';
import { contextFiles } from './build-context.ts';
import type { Instruction, Stage } from './parse-dockerfile.ts';

/** A stage that was carried out: `root` is what would be `/` in it. */
export type BuiltStage = {
  readonly root: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly user: string;
  /** ENTRYPOINT and CMD, one after the other. */
  readonly command: readonly string[];
  readonly seconds: number;
};

/** Builds the stages in their order below `folder`; rejects with the output of the command that failed. */
export async function buildStages(
  stages: readonly Stage[],
  checkout: string,
  folder: string,
  onBuilt: (stage: string, built: BuiltStage) => void,
): Promise<BuiltStage> {
  const built = new Map<string, BuiltStage>();
  let last: BuiltStage | undefined;
  for (const stage of stages) {
    refuseOtherNode(stage.base);
    const name = stage.name ?? 'image';
    last = await buildStage(stage, join(folder, name), checkout, built);
    built.set(name, last);
    onBuilt(name, last);
  }
  if (!last) throw new Error('there was no stage to build');
  return last;
}

/** Measured with another Node it would be another image. */
function refuseOtherNode(base: string): void {
  const [, major] = /^node:(\d+)/.exec(base) ?? [];
  const ours = process.versions.node.split('.')[0];
  if (major !== ours)
    throw new Error(
      `the image begins with ${base}, but the tests run on Node ${ours}: let the Dockerfile and package.json name one version`,
    );
}

async function buildStage(
  stage: Stage,
  root: string,
  checkout: string,
  others: ReadonlyMap<string, BuiltStage>,
): Promise<BuiltStage> {
  const startedMs = performance.now();
  installNode(root);
  let workdir = root;
  let user = 'root';
  let command: readonly string[] = [];
  const env: Record<string, string> = {};
  const args: Record<string, string> = {};
  const labels: Record<string, string> = {};
  for (const instruction of stage.instructions) {
    switch (instruction.name) {
      case 'WORKDIR':
        workdir = join(root, instruction.text);
        mkdirSync(workdir, { recursive: true });
        break;
      case 'COPY':
        copy(instruction, workdir, checkout, others);
        break;
      case 'RUN':
        await run(within(root, instruction.text), workdir, { ...commandEnvironment(root), ...args, ...env });
        break;
      case 'ENV':
        Object.assign(env, instruction.values);
        break;
      case 'ARG':
        Object.assign(args, instruction.values);
        break;
      case 'LABEL':
        Object.assign(labels, instruction.values);
        break;
      case 'USER':
        user = instruction.text;
        break;
      case 'ENTRYPOINT':
        command = instruction.words;
        break;
      case 'CMD':
        command = [...command, ...instruction.words];
        break;
      case 'EXPOSE':
        break;
    }
  }
  const seconds = (performance.now() - startedMs) / 1000;
  return { root, workdir, env, labels, user, command, seconds };
}

/** What the base image brings. */
function installNode(root: string): void {
  const bin = join(root, 'usr/local/bin');
  mkdirSync(bin, { recursive: true });
  copyFileSync(process.execPath, join(bin, 'node'));
  chmodSync(join(bin, 'node'), 0o755);
}

/** npm's own settings, such as a proxy, come from the machine; its Node is the stage's. */
function commandEnvironment(root: string): Record<string, string> {
  const { PATH: _, NODE_ENV: __, ...machine } = process.env as Record<string, string>;
  return { ...machine, PATH: `${join(root, 'usr/local/bin')}:${systemPath()}` };
}

/** Absolute paths of a command begin in the stage's folder. */
function within(root: string, command: string): string {
  return command.replace(/(?<=^|\s)\/(?=(?:app|usr\/local)\/)/g, `${root}/`);
}

function copy(
  { from, sources, target }: Extract<Instruction, { name: 'COPY' }>,
  workdir: string,
  checkout: string,
  others: ReadonlyMap<string, BuiltStage>,
): void {
  const origin = from === undefined ? checkout : others.get(from)?.root;
  if (origin === undefined) throw new Error(`COPY --from=${from}: there is no stage of that name before it`);
  const visible = from === undefined ? new Set(contextFiles(checkout)) : undefined;
  for (const source of sources) {
    const path = join(origin, source);
    const isFolder = statSync(path).isDirectory();
    const into =
      target.endsWith('/') && !isFolder ? join(workdir, target, basename(source)) : join(workdir, target);
    mkdirSync(dirname(into), { recursive: true });
    if (!visible) cpSync(path, into, { recursive: true, verbatimSymlinks: true });
    else copyVisible(source, into, checkout, visible);
  }
}

function copyVisible(source: string, into: string, checkout: string, visible: ReadonlySet<string>): void {
  const files = [...visible].filter((file) => file === source || file.startsWith(`${source}/`));
  if (files.length === 0) throw new Error(`COPY ${source}: .dockerignore keeps it from the builder`);
  for (const file of files) {
    const copied = join(into, file.slice(source.length));
    mkdirSync(dirname(copied), { recursive: true });
    copyFileSync(join(checkout, file), copied);
  }
}

async function run(command: string, cwd: string, env: Record<string, string>): Promise<void> {
  const child = spawn('/bin/sh', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`RUN ${command} ended with exit code ${String(code)}\n${output.trim()}`);
}
