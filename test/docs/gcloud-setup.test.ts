// The script for Google Cloud makes what the program's own provision makes, and the page says of every role what it is for.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gcloudCommands } from '../../src/pubsub/provision.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const SCRIPT = join(root, 'k8s/gcloud-setup.sh');
const PROJECT = 'my-project-123';
const NAMES = {
  projectId: PROJECT,
  topic: 'jobs',
  subscription: 'jobs-pull',
  deadLetterTopic: 'jobs-dead',
  deadLetterSubscription: 'jobs-dead-pull',
};
const VARIABLES = {
  PROJECT,
  TOPIC: NAMES.topic,
  SUBSCRIPTION: NAMES.subscription,
  DEAD_LETTER_TOPIC: NAMES.deadLetterTopic,
  DEAD_LETTER_SUBSCRIPTION: NAMES.deadLetterSubscription,
};

/** The commands the script runs, or would run; what `PATH` finds as gcloud is asked unless it is dry. */
function commands(args: readonly string[], env: Record<string, string> = { DRY_RUN: '1' }): string[] {
  const output = execFileSync(SCRIPT, args, {
    env: { PATH: process.env['PATH'], ...VARIABLES, ...env },
    encoding: 'utf8',
  });
  return output.split('\n').flatMap((line) => (line.startsWith('+ ') ? [line.slice(2)] : []));
}

const everything = (): string[] => [
  ...commands([]),
  ...commands(['organization', 'source-env.billing', 'destination-env.copies']),
  ...commands(['push', 'https://billing-etl.example.com/push']),
];

test('on an empty project it creates topics and subscriptions with the settings of provision', () => {
  const created = commands([]).filter(
    (command) => / create /.test(command) && /^gcloud pubsub/.test(command),
  );
  const wanted = gcloudCommands(NAMES).filter((command) => / create /.test(command));
  assert.equal(wanted.length, 4);
  assert.deepEqual(created.map(words), wanted.map(words));
});

test('it lets the agent of Pub/Sub forward dead letters, as provision says', () => {
  const agent = (command: string): string =>
    command.replace(/--member=.*?@/, '--member=agent@').replace('"', '');
  const granted = commands([]).map(agent);
  for (const command of gcloudCommands(NAMES).filter((line) => line.includes('add-iam-policy-binding')))
    assert.ok(
      granted.some((line) => String(words(line)) === String(words(agent(command)))),
      command,
    );
});

test('what exists is not created again; subscriptions get their settings once more', (context) => {
  const bin = mkdtempSync(join(tmpdir(), 'gcloud-'));
  context.after(() => rmSync(bin, { recursive: true }));
  // One that finds everything it is asked for.
  writeFileSync(join(bin, 'gcloud'), '#!/bin/sh\ncase "$*" in *projectNumber*) echo 42 ;; esac\n', {
    mode: 0o755,
  });
  const repeated = commands([], { PATH: `${bin}:${process.env['PATH'] ?? ''}` });
  assert.deepEqual(
    repeated.filter((command) => / create /.test(command)),
    [],
  );
  const updated = repeated.filter((command) => command.startsWith('gcloud pubsub subscriptions update'));
  assert.equal(updated.length, 2);
  const settings = (command: string): string[] =>
    words(command).filter((word) => /deadline|delay|attempts|retention/.test(word));
  const created = commands([]).filter((command) => command.startsWith('gcloud pubsub subscriptions create'));
  assert.deepEqual(updated.map(settings), created.map(settings));
  assert.match(repeated.join('\n'), /service-42@gcp-sa-pubsub/);
});

test('the page names every role that is granted, and grants none besides', () => {
  const page = readFileSync(join(root, 'docs/deployment.md'), 'utf8');
  const section = page.split('## Roles, and why each')[1]?.split('\n## ')[0] ?? '';
  const named = new Set(section.match(/roles\/[\w.]+/g));
  const granted = new Set(
    everything()
      .join('\n')
      .match(/roles\/[\w.]+/g),
  );
  assert.ok(granted.size >= 9, `${granted.size} roles`);
  assert.deepEqual(
    [...granted].filter((role) => !named.has(role)),
    [],
  );
  assert.doesNotMatch([...granted].join(' '), /admin|owner|editor\b(?<!dataEditor)/i);
});

test('arguments it does not understand are told how, and change nothing', () => {
  for (const args of [
    ['topics'],
    ['organization', 'a.b'],
    ['organization', 'a', 'b'],
    ['push', 'http://x'],
  ]) {
    const { status, stdout, stderr } = spawnSync(SCRIPT, args, {
      env: { PATH: process.env['PATH'], ...VARIABLES, DRY_RUN: '1' },
      encoding: 'utf8',
    });
    assert.deepEqual([status, stdout], [2, ''], args.join(' '));
    assert.match(stderr, /DRY_RUN=1 only prints/);
  }
});

/** Sorted, since the order of options says nothing. */
function words(command: string): string[] {
  return command.split(' ').sort();
}
