// A database that wants encrypted connections: reached with the right authority, refused with a mend without it or with another one.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, after, test } from 'node:test';
import { promisify } from 'node:util';
import { startMariaDb, type MariaDb } from '../../dev/emulators/mariadb/start.ts';
import { openState } from '../../src/state/open-state.ts';

/** A certificate that is its own authority, and its key. */
type SelfSigned = { readonly certificate: string; readonly key: string };

let folder = '';
let server: MariaDb;
let ours: SelfSigned;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-tls-'));
  ours = await selfSigned('ours');
  server = await startMariaDb({ tls: ours });
  await server.createDatabase('tls');
});
after(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

async function selfSigned(name: string): Promise<SelfSigned> {
  const [certificate, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  const files = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate];
  await promisify(execFile)('openssl', ['req', '-x509', ...files, ...subject]);
  return { certificate, key };
}

/** Migrates the database as `migrate` does, over connections with this authority. */
async function migrated(sslCa: string | undefined): Promise<string> {
  const { host, port, user, password } = server;
  const settings = { kind: 'mysql', host, port, user, password, database: 'tls', poolSize: 2 } as const;
  const state = await openState({ ...settings, sslCa });
  try {
    await state.migrate();
    return (await state.schemaState()).kind;
  } finally {
    await state.close();
  }
}

test('with the authority of its certificate the database is reached', async () => {
  assert.equal(await migrated(ours.certificate), 'current');
});

test('with another authority the connection is refused, and what to correct is said', async () => {
  const { certificate } = await selfSigned('another');
  await assert.rejects(migrated(certificate), { reason: 'database_unavailable', message: /DB_SSL_CA/ });
});

test('without encryption the server refuses, and what to set is said', async () => {
  await assert.rejects(migrated(undefined), { reason: 'database_unavailable', message: /DB_SSL_CA/ });
});
