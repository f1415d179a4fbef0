// The page that a played tour makes, and what of it must be the same each time it is played.
import { format } from 'prettier';
import type { Step } from './story.ts';

/** A step with what came of it; of everything but commands and the runbook nothing. */
export type Played = { readonly step: Step; readonly output: string };

/** docs/tour.md, as prettier leaves it. */
export async function tourPage(played: readonly Played[]): Promise<string> {
  const parts = played.map(partOf).filter((part) => part !== '');
  return format(`${parts.join('\n\n')}\n`, { parser: 'markdown', printWidth: 110 });
}

/** The page without what differs from one time to the next: instants of the recording, durations, ids, widths of columns. */
export function comparable(page: string): string[] {
  return page
    .replace(/\b(?!2026-03-)\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME')
    .replace(/\b(\d+m \d+s|\d+(\.\d+)? m?s)\b/g, 'DURATION')
    .replace(/message \d+/g, 'message N')
    .replace(/^(run by|message) .*$/gm, '$1')
    .replace(/^no worker has taken .*\n/gm, '')
    .split('\n')
    .map((line) => line.replace(/ +/g, ' ').trim());
}

function partOf({ step, output }: Played): string {
  if ('say' in step) return step.say;
  if ('runbook' in step) return output.replace(/^/gm, '> ');
  if ('look' in step) return `![${step.alt}](tour/${step.picture}.png)`;
  return 'type' in step ? `\`\`\`console\n${output}\`\`\`` : '';
}
