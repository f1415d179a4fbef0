// What the status page advises is what the runbook says at length.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { adviceFor } from '../../src/http/reason-advice.ts';
import { REASONS } from '../../src/job/reason.ts';

const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');

for (const reason of Object.keys(REASONS))
  test(`every command advised for ${reason} is in its section of the runbook`, () => {
    const section = (runbook.split(`\n## \`${reason}\`\n`)[1]?.split('\n## ')[0] ?? '').replace(/\s+/g, ' ');
    // Some sections leave the rest to that of another reason.
    const elsewhere = [...section.matchAll(/\[`(\w+)`\]\(#\1\)/g)].map(([, other]) => sectionOf(other ?? ''));
    const advice = adviceFor(reason);
    assert.ok(advice !== undefined && advice.length > 20);
    for (const [, command = ''] of advice.matchAll(/`([^`]+)`/g))
      assert.ok(
        [section, ...elsewhere].some((text) => text.includes(command)),
        `${command} is not in: ${section}`,
      );
  });

test('a reason that is not on the list has no advice', () => {
  assert.equal(adviceFor('toString'), undefined);
});

function sectionOf(reason: string): string {
  return (runbook.split(`\n## \`${reason}\`\n`)[1]?.split('\n## ')[0] ?? '').replace(/\s+/g, ' ');
}
