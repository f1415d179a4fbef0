// Metrics: events of the domain become the documented series, with label values that stay bounded.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../src/observability/metrics.ts';

test('a finished job counts once under its status and reason, with its duration, rows and bytes', async () => {
  const metrics = createMetrics();
  metrics.jobFinished({ status: 'FAILED', reason: 'schema_drift', seconds: 3, rows: 10, bytes: 1000 });
  const page = await metrics.render();
  assert.match(page, /^pulse_billing_etl_jobs_total\{status="FAILED",reason="schema_drift"\} 1$/m);
  assert.match(page, /^pulse_billing_etl_jobs_total\{status="SUCCESS",reason="none"\} 0$/m);
  assert.match(page, /^pulse_billing_etl_job_duration_seconds_sum\{status="FAILED"\} 3$/m);
  assert.match(page, /^pulse_billing_etl_job_rows_sum\{status="FAILED"\} 10$/m);
  assert.match(page, /^pulse_billing_etl_job_bytes_count\{status="FAILED"\} 1$/m);
});

test('every event has its series', async () => {
  let nowMs = 5_000;
  const metrics = createMetrics(() => nowMs);
  metrics.batchAcknowledged({ rows: 7, bytes: 70 });
  metrics.batchAcknowledged({ rows: 3, bytes: 30 });
  metrics.delivery('claimed');
  metrics.retryScheduled('rate_limited');
  metrics.interrupted();
  metrics.leaseLost();
  metrics.ackFailed('ack');
  metrics.deadLettered('not_json');
  metrics.setRunning(2);
  metrics.setParked(5);
  metrics.jobAdvanced('acme/old');
  metrics.jobAdvanced('acme/gone');
  nowMs += 1_500;
  metrics.jobAdvanced('acme/new');
  metrics.jobLeft('acme/gone');
  metrics.setBacklog({ runnable: 4, oldestSeconds: 9 });
  const page = await metrics.render();
  for (const series of [
    'rows_total 10',
    'bytes_total 100',
    'batches_total 2',
    'deliveries_total{decision="claimed"} 1',
    'retries_total{reason="rate_limited"} 1',
    'interruptions_total 1',
    'leases_lost_total 1',
    'ack_failures_total{kind="ack"} 1',
    'dead_letters_total{reason="not_json"} 1',
    'running_jobs 2',
    'parked_messages 5',
    'checkpoint_age_seconds 1.5',
    'runnable_backlog_jobs 4',
    'oldest_runnable_age_seconds 9',
  ])
    assert.ok(page.includes(`\npulse_billing_etl_${series}\n`), series);
  assert.match(page, /^pulse_billing_etl_nodejs_eventloop_lag_seconds /m);
  assert.match(page, /^pulse_billing_etl_process_resident_memory_bytes /m);
});

test('label values stay few and short, whatever a caller passes', async () => {
  const metrics = createMetrics();
  metrics.delivery('acme "quoted"\n');
  for (let index = 0; index < 500; index += 1) metrics.delivery(`decision_${index}`);
  const series = (await metrics.render()).match(/^pulse_billing_etl_deliveries_total\{.*$/gm) ?? [];
  assert.ok(series.length <= 65, `${series.length} series`);
  assert.ok(series.some((line) => line.startsWith('pulse_billing_etl_deliveries_total{decision="other"}')));
});

test('gauges are brought up to date before each rendering, and a failing collector spoils nothing', async () => {
  const metrics = createMetrics();
  let running = 1;
  metrics.beforeRender(() => metrics.setRunning(running));
  metrics.beforeRender(() => Promise.reject(new Error('database gone')));
  metrics.beforeRender(() => {
    throw new Error('at once');
  });
  assert.match(await metrics.render(), /^pulse_billing_etl_running_jobs 1$/m);
  running = 2;
  assert.match(await metrics.render(), /^pulse_billing_etl_running_jobs 2$/m);
});

test('two sets of metrics in one process share nothing', async () => {
  const [one, two] = [createMetrics(), createMetrics()];
  one.leaseLost();
  assert.match(await one.render(), /^pulse_billing_etl_leases_lost_total 1$/m);
  assert.match(await two.render(), /^pulse_billing_etl_leases_lost_total 0$/m);
});

test('the checkpoint age is that of the job that has not moved for longest, and 0 once none runs', async () => {
  let nowMs = 0;
  const metrics = createMetrics(() => nowMs);
  const age = async (): Promise<string> =>
    /^pulse_billing_etl_checkpoint_age_seconds (.*)$/m.exec(await metrics.render())?.[1] ?? '';
  metrics.jobAdvanced('acme/stuck');
  nowMs = 60_000;
  metrics.jobAdvanced('acme/moving');
  assert.equal(await age(), '60');
  metrics.jobAdvanced('acme/stuck');
  assert.equal(await age(), '0');
  nowMs = 90_000;
  metrics.jobLeft('acme/stuck');
  metrics.jobLeft('acme/moving');
  assert.equal(await age(), '0');
});
