// Every link between the pages leads to a file that is there, and to a heading that it has.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGES = globSync('**/*.md', {
  cwd: ROOT,
  exclude: (path) => /(^|\/)(node_modules|dist|\.[^/]*)$/.test(path),
});

test('there are pages with links to look at', () => {
  assert.ok(PAGES.includes('README.md'));
  assert.ok(linksOf('README.md').length > 20);
});

for (const page of PAGES)
  test(`every link of ${page} leads somewhere`, () => {
    assert.deepEqual(
      linksOf(page).filter((link) => !leadsSomewhere(page, link)),
      [],
    );
  });

test('a file or a heading that is not there would be found out', () => {
  assert.equal(leadsSomewhere('README.md', 'docs/tour.md'), true);
  assert.equal(leadsSomewhere('docs/tour.md', 'runbook.md#schema_drift'), true);
  assert.equal(leadsSomewhere('docs/tour.md', 'runbook.md#schema-drift'), false);
  assert.equal(leadsSomewhere('docs/tour.md', '#see-it'), true);
  assert.equal(leadsSomewhere('docs/tour.md', 'README.md'), false);
});

/** Targets within the repository, of links and pictures alike. */
function linksOf(page: string): string[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target ?? '')
    .filter((target) => !/^[a-z]+:/.test(target));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const target = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
  if (!existsSync(target)) return false;
  return heading === undefined || anchorsOf(relative(ROOT, target)).includes(heading);
}

/** Source: GitHub's rule for the anchors of headings: lower case, no punctuation, - for a space. */
function anchorsOf(page: string): string[] {
  return [...proseOf(page).matchAll(/^#+ +(.*)$/gm)].map(([, heading]) =>
    (heading ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );
}

function proseOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8').replace(/^ *```[\s\S]*?^ *```$/gm, '');
}
