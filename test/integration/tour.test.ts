// docs/tour.md is what the program really does: the tour is played on emulators with a worker of its own, and compared.
import assert from 'node:assert/strict';
import { mkdtemp, rm, mkdir, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test, type TestContext } from 'node:test';
import {
  addMissingColumns,
  appendBillingExport,
  createAndLoadBillingExport,
  type LoadOptions,
} from '../../dev/billing-export/load-billing-export.ts';
import { freePort } from '../../dev/emulators/free-port.ts';
import { openBrowser } from '../../dev/status-page/browser.ts';
import type { JobRecord } from '../../src/state/job-record.ts';
import { openState, type State } from '../../src/state/open-state.ts';
import { PATIENCE_MS, startDaemon } from '../support/daemon.ts';
import { destinationBigQuery, sourceBigQuery } from '../support/environment.ts';
import { eventually, uniqueName } from '../support/eventually.ts';
import { comparable, tourPage } from '../tour/page.ts';
import { playTour, type Stage } from '../tour/play.ts';
import { STORY, type Scene } from '../tour/story.ts';
import { jobTopics, workerVariables } from './daemon-process.ts';

const PAGE = new URL('../../docs/tour.md', import.meta.url);
const PICTURES = fileURLToPath(new URL('../../docs/tour/', import.meta.url));
const MONDAY = Date.UTC(2026, 2, 2);
const HOUR_MS = 3_600_000;

/** Some fifteen commands and six jobs, one of them after two leases; the machine may be busy. */
const TIMEOUT_MS = 900_000;

test('the tour goes as its page says, line by line', { timeout: TIMEOUT_MS }, async (context) => {
  const isRecording = process.env['RECORD_TOUR'] === '1';
  const stage = await setUpStage(context, isRecording);
  const page = await tourPage(await playTour(STORY, stage));
  if (isRecording) await writeFile(PAGE, page);
  else
    assert.deepEqual(
      comparable(page),
      comparable(readFileSync(PAGE, 'utf8')),
      'if the program is right: RECORD_TOUR=1 npm test -- test/integration/tour.test.ts',
    );
});

async function setUpStage(context: TestContext, isRecording: boolean): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-tour-'));
  context.after(() => rm(folder, { recursive: true }));
  const database = { kind: 'sqlite', path: join(folder, 'state.sqlite') } as const;
  const topics = jobTopics(context);
  await topics.provision();
  const [source, destination] = [sourceBigQuery(), destinationBigQuery()];
  const port = `${await freePort()}`;
  const variables = {
    ...workerVariables({ source, destination }, database),
    ...topics.variables,
    BATCH_SIZE: '1000',
    HTTP_PORT: port,
  };
  // On the servers of a recording nobody else has these names.
  const names = isRecording
    ? { billing_export: 'billing_export', billing_copies: 'billing_copies' }
    : { billing_export: uniqueName('src'), billing_copies: uniqueName('dst') };
  const table: LoadOptions = {
    ...source,
    ...{ dataset: names.billing_export, table: 'export', organization: 'acme', seed: 'tour' },
    ...{ missingColumns: ['consumption_model'], ...rowsFrom(MONDAY, 3_000) },
  };
  await createAndLoadBillingExport({ ...table, location: source.location });
  const state = await openState(database);
  context.after(() => state.close());
  // The worker waits for the tables that the tour's first command makes.
  const worker = startDaemon(context, variables);
  return {
    // A command logs warnings only where nobody asked for more.
    variables: { ...variables, LOG_LEVEL: 'warn' },
    names,
    origin: `http://127.0.0.1:${port}`,
    looked: isRecording ? await photographer(context) : async () => undefined,
    async happen(scene) {
      if (scene === 'the worker is ready') await worker.says(/worker started/);
      else await happen(scene, table, state);
    },
  };
}

async function happen(
  scene: Exclude<Scene, 'the worker is ready'>,
  table: LoadOptions,
  state: State,
): Promise<void> {
  switch (scene) {
    case 'a column and rows of Tuesday arrive':
      await addMissingColumns(table);
      await appendBillingExport({ ...table, missingColumns: [], ...rowsFrom(MONDAY + 24 * HOUR_MS, 2_000) });
      return;
    case 'rows of Monday arrive late':
      await appendBillingExport({
        ...table,
        missingColumns: [],
        seed: 'late',
        ...rowsFrom(MONDAY + HOUR_MS, 40),
      });
      return;
    case 'the repair has run':
      await repaired(state);
  }
}

/** A worker takes it once nobody has held it for two leases. */
async function repaired(state: State): Promise<void> {
  let last: JobRecord | undefined;
  const found = async (): Promise<boolean> => {
    const jobs = await state.jobs.list({ organizationId: 'acme' });
    last = jobs.find(({ jobType }) => jobType === 'repair');
    return last?.status === 'SUCCESS';
  };
  await eventually(found, {
    describe: () => `the repair of Monday; it is ${last?.status}: ${last?.errorMessage}`,
    timeoutMs: PATIENCE_MS,
  });
}

/** Rows of eight hours from then on. */
function rowsFrom(startMs: number, rows: number) {
  const [firstExportTime, lastExportTime] = [startMs, startMs + 8 * HOUR_MS].map(
    (ms) => BigInt(ms) * 1_000n,
  ) as [bigint, bigint];
  return { rows, firstExportTime, lastExportTime };
}

async function photographer(context: TestContext): Promise<Stage['looked']> {
  const browser = await openBrowser();
  assert.ok(browser, 'Chromium is needed to take the pictures');
  context.after(() => browser.close());
  await mkdir(PICTURES, { recursive: true });
  return async (url, picture) => {
    const page = await browser.newPage({ viewport: { width: 1180, height: 760 } });
    await page.goto(url);
    await page.screenshot({ path: join(PICTURES, `${picture}.png`) });
    await page.close();
  };
}
