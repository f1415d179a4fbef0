// An alert as it leaves the program: by webhook, by a module of the user's, or into the log; the address is never told.
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createAlertSender } from '../../src/app/alert-sender.ts';
import { readConfig } from '../../src/config/read-config.ts';
import type { Config } from '../../src/config/config.ts';
import { alertText } from '../../src/observability/alert-text.ts';
import { alertWebhook } from '../../src/observability/alert-webhook.ts';
import type { Logger } from '../../src/observability/logger.ts';

const ALERT = {
  kind: 'failed' as const,
  organizationId: 'acme',
  jobId: 'j1',
  reason: 'schema_drift' as const,
  message: 'schema_drift: <!channel> cost became STRING',
  times: 2,
  at: '2026-01-01T00:00:00.000000Z',
};
const never = new AbortController().signal;

/** A server that answers so, and what it was sent. */
async function aWebhook(t: TestContext, status: number, headers: Record<string, string> = {}) {
  const bodies: string[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(status, headers).end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/SECRET`;
  return { url, bodies, close: () => new Promise((resolve) => server.close(resolve)) };
}

function configOf(env: Record<string, string>): Config {
  const read = readConfig(env, () => '');
  return read.kind === 'invalid' ? assert.fail(read.problems.join()) : read.config;
}

const quiet = { error: () => undefined } as unknown as Logger;

test('the webhook gets a text for people and fields for programs', async (t) => {
  const { url, bodies } = await aWebhook(t, 200);
  await alertWebhook(url)(ALERT, never);
  assert.deepEqual(JSON.parse(bodies[0] ?? ''), {
    text:
      'acme/j1 FAILED (2 times)\nschema_drift: &lt;!channel&gt; cost became STRING\n' +
      'runbook: docs/runbook.md#schema_drift\nnext: pulse-billing-etl retry acme j1',
    kind: 'failed',
    organization_id: 'acme',
    job_id: 'j1',
    reason: 'schema_drift',
    message: ALERT.message,
    times: 2,
    created_at: ALERT.at,
    runbook: 'docs/runbook.md#schema_drift',
    next_step: 'pulse-billing-etl retry acme j1',
  });
});

test('an alert about an organization names no job and no reason', () => {
  const alert = { ...ALERT, kind: 'stale_organization', jobId: undefined, reason: undefined, times: 1 };
  const lines = alertText({ ...alert, message: 'copied up to 2026-01-01 only' }).split('\n');
  assert.deepEqual(lines, [
    'acme falls behind',
    'copied up to 2026-01-01 only',
    'next: pulse-billing-etl status --org acme',
  ]);
});

test('a webhook that refuses, redirects or is not there is an error that does not tell its address', async (t) => {
  const refusing = await aWebhook(t, 503);
  const gone = await aWebhook(t, 200);
  await gone.close();
  const redirecting = await aWebhook(t, 302, { location: refusing.url });
  for (const [url, text] of [
    [refusing.url, /did not take it: HTTP 503$/],
    [redirecting.url, /did not answer \(/],
    [gone.url, /did not answer \(ECONNREFUSED\)$/],
  ] as const) {
    await assert.rejects(alertWebhook(url)(ALERT, never), (error: Error) => {
      assert.match(error.message, text);
      assert.doesNotMatch(error.message, /SECRET|127\.0\.0\.1/);
      return true;
    });
  }
  assert.equal(refusing.bodies.length, 1, 'a redirect is not followed');
});

test('without a webhook alerts are logged', async () => {
  const logged: unknown[] = [];
  const logger = { error: (...entry: unknown[]) => logged.push(entry) } as unknown as Logger;
  await (
    await createAlertSender(configOf({}), logger)
  )(ALERT, never);
  const { organizationId: _organization, jobId: _job, ...rest } = ALERT;
  assert.deepEqual(logged, [['alert', { ...rest, alert_organization: 'acme', alert_job: 'j1' }]]);
});

test('a module takes the place of the webhook; one without sendAlert is refused by name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'alert-module-'));
  const good = join(folder, 'good.mjs');
  writeFileSync(
    good,
    'export const sent = []; export async function sendAlert(alert) { sent.push(alert.jobId); }',
  );
  await (
    await createAlertSender(configOf({ ALERT_MODULE: good }), quiet)
  )(ALERT, never);
  assert.deepEqual(((await import(good)) as { sent: string[] }).sent, ['j1']);
  const bad = join(folder, 'bad.mjs');
  writeFileSync(bad, 'export const nothing = 1;');
  await assert.rejects(
    createAlertSender(configOf({ ALERT_MODULE: bad }), quiet),
    /exports no function sendAlert/,
  );
  const missing = join(folder, 'missing.mjs');
  await assert.rejects(createAlertSender(configOf({ ALERT_MODULE: missing }), quiet), /cannot be loaded/);
});

test('a webhook and a module exclude each other', () => {
  const read = readConfig(
    { ALERT_MODULE: './x.mjs', ALERT_WEBHOOK_URL: 'https://hooks.example/x' },
    () => '',
  );
  assert.ok(read.kind === 'invalid' && /both set/.test(read.problems.join()));
});
