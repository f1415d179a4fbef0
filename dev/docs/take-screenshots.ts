// Takes the pictures of docs/status-page.md from the pages over a sample state.
import { mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { busyState } from '../status-page/busy-state.ts';
import { HOW_TO_GET_CHROMIUM, openBrowser } from '../status-page/browser.ts';
import { servePages } from '../status-page/serve.ts';

const FOLDER = fileURLToPath(new URL('../../docs/status-page/', import.meta.url));
const MAX_BYTES = 200_000;
const TOKEN = 'screenshots';

type Shot = {
  readonly name: string;
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly colorScheme: 'light' | 'dark';
};

const browser = await openBrowser();
if (!browser) throw new Error(`Chromium is missing: ${HOW_TO_GET_CHROMIUM}`);
const sample = await busyState();
const server = await servePages(sample, { adminToken: TOKEN });
try {
  mkdirSync(FOLDER, { recursive: true });
  const [failed] = await sample.state.jobs.list({ status: ['FAILED'], reason: 'schema_drift', limit: 1 });
  const shots: Shot[] = [
    { name: 'overview', path: '/', width: 1280, height: 900, colorScheme: 'light' },
    { name: 'overview-dark', path: '/', width: 1280, height: 900, colorScheme: 'dark' },
    {
      name: 'job-running',
      path: '/jobs/acme-corp/hourly-now',
      width: 1280,
      height: 900,
      colorScheme: 'light',
    },
    {
      name: 'job-failed',
      path: `/jobs/${failed?.organizationId}/${failed?.jobId}`,
      width: 1280,
      height: 700,
      colorScheme: 'light',
    },
    { name: 'organization', path: '/organizations/globex', width: 1280, height: 900, colorScheme: 'light' },
    { name: 'dead-letters', path: '/dead-letters', width: 1280, height: 800, colorScheme: 'dark' },
    { name: 'phone', path: '/', width: 390, height: 844, colorScheme: 'light' },
  ];
  for (const shot of shots) await take(browser, `http://127.0.0.1:${server.port}`, shot);
} finally {
  await browser.close();
  await server.close();
  await sample.close();
}

async function take(
  from: Browser,
  origin: string,
  { name, path, width, height, colorScheme }: Shot,
): Promise<void> {
  const page = await from.newPage({ viewport: { width, height }, colorScheme });
  await page.goto(`${origin}/sign-in?next=${encodeURIComponent(path)}`);
  await page.getByLabel('Your name').fill('Maria');
  await page.getByLabel('Token').fill(TOKEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('#live-state[data-state=on]').waitFor();
  const file = `${FOLDER}${name}.png`;
  await page.screenshot({ path: file });
  await page.close();
  const { size } = statSync(file);
  if (size > MAX_BYTES) throw new Error(`${name}.png has ${size} bytes, more than ${MAX_BYTES}`);
  console.log(`${name}.png ${Math.round(size / 1_000)} kB`);
}
