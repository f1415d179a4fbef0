// The status page as a person uses it, in Chromium: it lists, searches, changes by itself, acts, fits a phone, breaks no policy.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { openBrowser, HOW_TO_GET_CHROMIUM } from '../../dev/status-page/browser.ts';
import { busyState } from '../../dev/status-page/busy-state.ts';
import type { SampleState } from '../../dev/status-page/empty-state.ts';
import { servePages } from '../../dev/status-page/serve.ts';
import { findChromium } from '../../dev/setup/find-chromium.mjs';
import type { HttpServer } from '../../src/http/server.ts';
import { eventually } from '../support/eventually.ts';

const TOKEN = 'browser-token';
const skip = findChromium() === undefined ? `Chromium is missing: ${HOW_TO_GET_CHROMIUM}` : false;
const PATHS = ['/', '/organizations/globex', '/jobs/acme-corp/hourly-now', '/dead-letters'];

describe('the status page in Chromium', { skip }, () => {
  let browser: Browser;
  let sample: SampleState;
  let server: HttpServer;
  const origin = (): string => `http://127.0.0.1:${server.port}`;

  before(async () => {
    browser = (await openBrowser())!;
    sample = await busyState();
    server = await servePages(sample, {
      adminToken: TOKEN,
      live: { pollMs: 50, heartbeatMs: 1_000, maxClients: 20 },
    });
  });
  after(async () => {
    await browser.close();
    await server.close();
    await sample.close();
  });

  /** Opens a page, runs the case on it, and fails on anything the browser complained about meanwhile. */
  async function on(path: string, work: (page: Page) => Promise<void>, options: BrowserContextOptions = {}) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('requestfailed', (request) => {
      // Leaving a page ends its stream of events, and whatever it was still loading.
      const why = request.failure()?.errorText ?? 'unknown';
      if (why !== 'net::ERR_ABORTED') complaints.push(`${request.url()} failed: ${why}`);
    });
    try {
      await page.goto(`${origin()}${path}`);
      await work(page);
      assert.deepEqual(complaints, []);
    } finally {
      await context.close();
    }
  }

  const isLive = (page: Page) => page.locator('#live-state[data-state=on]').waitFor();
  // A table that is just being swapped for a newer one gives its text with the blanks of its source.
  const namesIn = async (page: Page, selector: string): Promise<string[]> =>
    (await page.locator(`${selector} tbody th`).allInnerTexts()).map((text) => text.trim());
  const firstColumn = (page: Page, id: string) => namesIn(page, `#${id}`);
  async function signIn(page: Page): Promise<void> {
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.getByLabel('Your name').fill('Maria');
    await page.getByLabel('Token').fill(TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
  }

  test('the overview lists organizations, running jobs, charts and jobs', async () => {
    await on('/', async (page) => {
      assert.equal((await firstColumn(page, 'organizations')).length, 6);
      assert.deepEqual((await firstColumn(page, 'running')).sort(), ['backfill-march', 'hourly-now']);
      assert.equal((await firstColumn(page, 'job-list')).length, 50);
      assert.equal(await page.locator('#charts svg[role=img]').count(), 6);
      assert.ok((await page.locator('.bar').innerText()).includes('emulator · demo-project'));
    });
  });

  test('a search shows what matches and can be taken further, and back', async () => {
    await on('/', async (page) => {
      await page.getByRole('searchbox', { name: 'Organization' }).fill('globex');
      await page.getByLabel('Status').selectOption('SUCCESS');
      await page.getByRole('button', { name: 'Search' }).click();
      await page.waitForURL(/organization=globex/);
      const first = await firstColumn(page, 'job-list');
      assert.equal(first.length, 50);
      await page.getByRole('link', { name: 'Older' }).click();
      await page.waitForURL(/before=/);
      const second = await firstColumn(page, 'job-list');
      assert.ok(second.length > 0 && second.every((job) => !first.includes(job)));
      await page.getByRole('link', { name: 'Newest' }).click();
      await eventually(async () => (await firstColumn(page, 'job-list'))[0] === first[0], {
        describe: 'the first page again',
      });
    });
  });

  test('a job is reached from the list and shows its steps and plan', async () => {
    await on('/', async (page) => {
      await page.locator('#running').getByRole('link', { name: 'hourly-now' }).click();
      await page.getByRole('heading', { level: 1, name: 'hourly-now' }).waitFor();
      assert.deepEqual(await namesIn(page, '.timeline'), ['plan', 'ensure destination', 'load']);
      assert.equal(await page.getByRole('button', { name: 'Cancel' }).count(), 0, 'readers have no buttons');
    });
  });

  test('a page changes by itself, and what a person does on it stays', async () => {
    await on('/', async (page) => {
      await isLive(page);
      await page.getByLabel('Job id contains').fill('half typed');
      await page.locator('#organizations').getByRole('link', { name: 'initech' }).focus();
      await sample.state.organizations.pause('initech');
      await page.locator('#organizations tr', { hasText: 'initech' }).getByText('paused').waitFor();
      assert.equal(await page.getByLabel('Job id contains').inputValue(), 'half typed');
      assert.equal(await page.evaluate('document.activeElement.textContent'), 'initech');
      await sample.state.organizations.resume('initech');
      await page.locator('#organizations tr', { hasText: 'initech' }).getByText('idle').waitFor();
    });
  });

  test('progress moves while one looks at a running job', async () => {
    await on('/jobs/acme-corp/hourly-now', async (page) => {
      await isLive(page);
      await page.getByText('62 %').waitFor();
      await sample.execute(
        `UPDATE etl_batches SET rows_written = rows_written + 5000 WHERE job_id = 'hourly-now'`,
      );
      await page.getByText('78 %').waitFor();
    });
  });

  test('whoever signs in retries a failed job, and is named in its history', async () => {
    const [failed] = await sample.state.jobs.list({ status: ['FAILED'], limit: 1 });
    assert.ok(failed);
    await on(`/jobs/${failed.organizationId}/${failed.jobId}`, async (page) => {
      await signIn(page);
      await page.getByRole('button', { name: 'Retry' }).click();
      await page.getByText('Queued again with a new plan').waitFor();
      await page.locator('.heading').getByText('queued').waitFor();
      await page.getByRole('cell', { name: 'Maria (status page)' }).waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('link', { name: 'Sign in' }).waitFor();
    });
    assert.equal((await sample.state.jobs.find(failed))?.status, 'QUEUED');
  });

  test('nothing is wider than a phone', async () => {
    for (const path of PATHS)
      await on(
        path,
        async (page) => {
          const width = Number(await page.evaluate('document.documentElement.scrollWidth'));
          assert.ok(width <= 360, `${path} is ${width} pixels wide`);
        },
        { viewport: { width: 360, height: 740 } },
      );
  });

  test('text stands out from its ground, light and dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const)
      for (const path of PATHS)
        await on(
          path,
          async (page) => {
            const { background, texts } = await page.evaluate<Colours>(COLOURS);
            assert.equal(luminance(background) > 0.5, colorScheme === 'light', background);
            assert.ok(texts.length > 20);
            for (const { colour, ground, text } of texts)
              assert.ok(
                contrast(colour, ground) >= 4.5,
                `${path}, ${colorScheme}: ${text}: ${colour} on ${ground}`,
              );
          },
          { colorScheme },
        );
  });

  test('without JavaScript everything can be read', async () => {
    await on('/', async (page) => assert.equal((await firstColumn(page, 'organizations')).length, 6), {
      javaScriptEnabled: false,
    });
  });

  test('the policy forbids what is not ours: an inline script does not run', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${origin()}/`);
    await page.evaluate(`{
      const script = document.createElement('script');
      script.textContent = 'window.smuggled = true';
      document.body.append(script);
    }`);
    assert.equal(await page.evaluate('window.smuggled'), undefined);
    await context.close();
  });

  test('every control has a name and every page one heading that says what it is', async () => {
    for (const path of PATHS)
      await on(path, async (page) => {
        assert.equal(await page.locator('h1').count(), 1, path);
        assert.deepEqual(await page.evaluate(NAMELESS), [], path);
      });
  });
});

type Colours = { background: string; texts: { colour: string; ground: string; text: string }[] };

/** The ground of the page, and of each element with text of its own the colour, what is behind it, and the text. */
const COLOURS = `(() => {
  const opaque = (colour) => !/rgba\\(.*, 0\\)|transparent/.test(colour);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (opaque(colour)) return colour;
    }
    return getComputedStyle(document.body).backgroundColor;
  };
  const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  const seen = [...document.querySelectorAll('body *')].filter((element) => own(element) && element.checkVisibility() && !element.closest('svg, .unseen, .skip'));
  return {
    background: getComputedStyle(document.body).backgroundColor,
    texts: seen.map((element) => ({ colour: getComputedStyle(element).color, ground: ground(element), text: element.textContent.trim().slice(0, 40) })),
  };
})()`;

const NAMELESS = `[...document.querySelectorAll('a, button, input:not([type=hidden]), select')]
  .filter((element) => !(element.textContent.trim() || element.labels?.length || element.getAttribute('aria-label') || element.title))
  .map((element) => element.outerHTML)`;

/** Source: WCAG 2.2, relative luminance and contrast ratio. */
function luminance(colour: string): number {
  const channels = (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map((text) => Number(text) / 255);
  const [red = 0, green = 0, blue = 0] = channels.map((value) =>
    value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}
