// A worker process sends the spans of a job to a collector by OTLP over HTTP.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { uniqueName } from '../support/eventually.ts';
import { daemonSetup } from './daemon-process.ts';

type Exported = { resourceSpans: { scopeSpans: { spans: { name: string; traceId: string }[] }[] }[] };

test('the spans of a finished job have reached the collector when the worker has stopped', async (context) => {
  const spans: { name: string; traceId: string }[] = [];
  const paths = new Set<string | undefined>();
  const collector = createServer((request, response) => {
    void text(request).then((body) => {
      paths.add(request.url);
      const { resourceSpans } = JSON.parse(body) as Exported;
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  context.after(() => collector.close());
  const { port } = collector.address() as AddressInfo;
  const setup = await daemonSetup(context);
  const copy = await setup.newCopy(30);
  const key = { organizationId: copy.organizationId, jobId: uniqueName('job') };
  await setup.publish(key);

  const worker = await setup.start({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
  await setup.jobWhen(key, 'SUCCESS', ({ status }) => status === 'SUCCESS');
  worker.signal('SIGTERM');
  assert.equal(await worker.ended, 0);

  assert.deepEqual([...paths], ['/v1/traces']);
  const names = new Set(spans.map(({ name }) => name));
  for (const name of ['message', 'run', 'step plan', 'step load', 'step verify', 'step commit', 'batch'])
    assert.ok(names.has(name), `${name} is missing from ${[...names].join(', ')}`);
  assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1);
});
