// The metrics page, the dashboard and the alert rules name metrics and labels that the code has, and the page names them all.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { REASONS } from '../../src/job/reason.ts';
import { createMetrics } from '../../src/observability/metrics.ts';

const PREFIX = 'pulse_billing_etl_';
const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

type Known = { readonly type: string; readonly labels: ReadonlySet<string> };

/** Every metric without its prefix, after each event has happened once. */
async function knownMetrics(): Promise<Map<string, Known>> {
  const metrics = createMetrics();
  metrics.jobFinished({ status: 'FAILED', reason: 'unknown', seconds: 1, rows: 1, bytes: 1 });
  metrics.delivery('claimed');
  metrics.retryScheduled('unknown');
  metrics.ackFailed('ack');
  metrics.deadLettered('unknown');
  metrics.callWaited('insert_job', 1);
  metrics.callsSlowed('insert_job');
  const page = await metrics.render();
  const types = [...page.matchAll(/^# TYPE pulse_billing_etl_(\w+) (\w+)$/gm)];
  return new Map(types.map(([, name = '', type = '']) => [name, { type, labels: labelsOf(page, name) }]));
}

function labelsOf(page: string, name: string): Set<string> {
  const series = [
    ...page.matchAll(new RegExp(`^${PREFIX}${name}(?:_bucket|_sum|_count)?\\{([^}]*)\\}`, 'gm')),
  ];
  const labels = series.flatMap(([, text = '']) =>
    [...text.matchAll(/(\w+)="/g)].map(([, label = '']) => label),
  );
  return new Set(labels.filter((label) => label !== 'le'));
}

const OF_NODE = /^(process|nodejs)_/;
const known = await knownMetrics();

test('the page lists every metric of ours with its type and labels, and no other', () => {
  const rows = [...read('docs/metrics.md').matchAll(/^\| `(\w+)` *\| (\w+) *\| ([^|]*)\|/gm)];
  const listed = rows.map(([, name = '', type = '', labels = '']) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label).sort(),
  }));
  const ours = [...known].filter(([name]) => !OF_NODE.test(name));
  assert.deepEqual(
    listed.sort((a, b) => (a.name < b.name ? -1 : 1)),
    ours
      .map(([name, { type, labels }]) => ({ name, type, labels: [...labels].sort() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  );
});

test('every panel of the dashboard asks for metrics and labels that exist', () => {
  const dashboard = JSON.parse(read('k8s/observability/grafana-dashboard.json')) as {
    panels: { id: number; title: string; targets: { expr: string }[] }[];
  };
  assert.ok(dashboard.panels.length > 10);
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  for (const { title, targets } of dashboard.panels)
    for (const { expr } of targets) checkExpression(expr, title);
});

test('every alert has what it needs, and goes by metrics, labels and reasons that exist', () => {
  const rules = read('k8s/observability/alert-rules.yaml')
    .split(/^ {8}- alert: /m)
    .slice(1);
  assert.ok(rules.length > 5);
  const names = rules.map((rule) => rule.split('\n')[0] ?? '');
  assert.equal(new Set(names).size, names.length);
  for (const rule of rules) {
    const name = rule.split('\n')[0] ?? '';
    assert.match(name, /^PulseBillingEtl[A-Z]\w+$/);
    assert.match(rule, /^ {12}severity: (warning|critical)$/m, name);
    assert.match(rule, /^ {12}summary: '.+'$/m, name);
    assert.match(rule, /^ {12}runbook: '.+'$/m, name);
    checkExpression(/^ {10}expr: (.+)$/m.exec(rule)?.[1] ?? '', name);
    for (const [, reason = ''] of rule.matchAll(/reason="(\w+)"|section (\w+)/g))
      if (reason !== '') assert.ok(Object.hasOwn(REASONS, reason), `${name}: ${reason}`);
  }
});

test('an expression that names what does not exist would be found out', () => {
  assert.throws(() => checkExpression('sum(pulse_billing_etl_nothing)', 'x'), /nothing/);
  assert.throws(
    () => checkExpression('sum by (organization) (pulse_billing_etl_rows_total)', 'x'),
    /organization/,
  );
  assert.throws(() => checkExpression('sum(pulse_billing_etl_rows_total', 'x'), /brackets/);
});

/** Labels that Prometheus adds itself when it scrapes. */
const OF_THE_SCRAPE = ['namespace', 'pod', 'le'];

function checkExpression(expression: string, where: string): void {
  const used = [...expression.matchAll(/pulse_billing_etl_(\w+)/g)].map(([, name = '']) => name);
  assert.ok(used.length > 0, `${where}: no metric of ours in ${expression}`);
  const labels = new Set(OF_THE_SCRAPE);
  for (const name of used) {
    const metric = known.get(name) ?? known.get(name.replace(/_(bucket|sum|count)$/, ''));
    assert.ok(metric, `${where}: there is no ${name}`);
    for (const label of metric.labels) labels.add(label);
  }
  const asked = [
    ...[...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/ *, */)),
    ...[...expression.matchAll(/[{,](\w+)=~?"/g)].map(([, label = '']) => label),
  ];
  for (const label of asked) assert.ok(labels.has(label), `${where}: no label ${label} in ${expression}`);
  for (const [open, close] of ['()', '{}', '[]'])
    assert.equal(
      expression.split(open ?? '').length,
      expression.split(close ?? '').length,
      `${where}: brackets`,
    );
}
