// compose.yaml gives the program variables it accepts, and every address in it is that of a service.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readConfig } from '../../src/config/read-config.ts';
import { VARIABLE_NAMES } from '../../src/config/variables.ts';

const compose = readFileSync(new URL('../../compose.yaml', import.meta.url), 'utf8').replace(
  /^ *#.*\n/gm,
  '',
);
const services = [...(compose.split('\nservices:\n')[1] ?? '').matchAll(/^ {2}([\w-]+):$/gm)].map(
  ([, name]) => name,
);

/** What the anchor `program` sets. */
function programVariables(): Record<string, string> {
  const [, block = ''] = /x-program:[^]*?\n {2}environment:\n([^]*?)\n\n/.exec(compose) ?? [];
  const lines = [...block.matchAll(/^ {4}([A-Z_]+): '?([^'\n]*)'?$/gm)];
  return Object.fromEntries(lines.map(([, name, value]) => [name ?? '', value ?? '']));
}

test('the program gets known variables only, with values it accepts', () => {
  const variables = programVariables();
  assert.ok(Object.keys(variables).length >= 12);
  const known: readonly string[] = VARIABLE_NAMES;
  assert.deepEqual(
    Object.keys(variables).filter((name) => !known.includes(name)),
    [],
  );
  const read = readConfig(variables, () => assert.fail('no file is mounted'));
  assert.deepEqual(read.kind === 'invalid' ? read.problems : read.warnings, []);
});

test('every host is a service, and the database is the one that is made', () => {
  const variables = programVariables();
  const hosts = Object.entries(variables).filter(([name]) => /(DB|EMULATOR)_HOST$/.test(name));
  assert.equal(hosts.length, 6);
  for (const [name, value] of hosts) assert.ok(services.includes(value.split(':')[0]), `${name}=${value}`);
  const made = { MYSQL_USER: 'DB_USER', MYSQL_PASSWORD: 'DB_PASSWORD' } as const;
  for (const [mysql, ours] of Object.entries(made))
    assert.match(compose, new RegExp(`^ +${mysql}: ${variables[ours] ?? ''}$`, 'm'));
  assert.match(compose, /^ +MYSQL_DATABASE: pulse_billing_etl$/m);
});

test('no image floats: each has a version, or is built here', () => {
  const images = [...compose.matchAll(/^ +image: (.*)$/gm)].map(([, image]) => image ?? '');
  assert.ok(images.length >= 4);
  for (const image of images) assert.match(image, /:(?!latest)[\w.-]+$/);
});

test('the worker waits for what it needs and is given the time of its drain', () => {
  const worker = compose.split('\n  worker:\n')[1] ?? '';
  for (const service of ['migrate', 'provision', 'bigquery-source', 'bigquery-destination'])
    assert.match(worker, new RegExp(`^ {6}${service}: \\{ condition: `, 'm'));
  const [, seconds] = /stop_grace_period: (\d+)s/.exec(worker) ?? [];
  const read = readConfig(programVariables(), () => assert.fail());
  assert.ok(read.kind === 'ok');
  const { drainTimeoutMs, leaseMs } = read.config.jobs;
  assert.ok(Number(seconds) * 1000 >= drainTimeoutMs + leaseMs / 2 + 5000);
});
