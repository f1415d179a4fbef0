// Plays the tour on a stage: types each command, lets happen what happens in between, and looks at the pages.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { callProgram } from '../support/program-call.ts';
import type { Played } from './page.ts';
import type { Scene, Step } from './story.ts';

export type Stage = {
  /** What the program's commands are given. */
  readonly variables: Readonly<Record<string, string>>;
  /** Names of the stage for those of the story, of the same length, so that columns stay aligned. */
  readonly names: Readonly<Record<string, string>>;
  /** Where the worker serves its pages. */
  readonly origin: string;
  readonly happen: (scene: Scene) => Promise<void>;
  /** Called with each page that is looked at, once it shows what it should. */
  readonly looked: (url: string, picture: string) => Promise<void>;
};

const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');

/** Plays every step; throws at the first that ends otherwise than the story says. */
export async function playTour(story: readonly Step[], stage: Stage): Promise<Played[]> {
  const played: Played[] = [];
  for (const step of story) played.push({ step, output: await play(step, stage) });
  return played;
}

async function play(step: Step, stage: Stage): Promise<string> {
  if ('type' in step) return typed(step.type, step.exitCode ?? 0, stage);
  if ('scene' in step) await stage.happen(step.scene);
  if ('look' in step) await look(step, stage);
  return 'runbook' in step ? mendOf(step.runbook) : '';
}

async function typed(line: string, exitCode: number, { variables, names }: Stage): Promise<string> {
  const { code, output } = await callProgram(variables, renamed(line, names).split(' '));
  assert.equal(code, exitCode, `${line}\n${output}`);
  const back = Object.fromEntries(Object.entries(names).map(([story, real]) => [real, story]));
  return `$ pulse-billing-etl ${line}\n${renamed(output, back)}`;
}

async function look(step: Extract<Step, { look: string }>, { origin, looked }: Stage): Promise<void> {
  const url = `${origin}${step.look}`;
  const answer = await fetch(url);
  const text = (await answer.text()).replace(/<[^>]*>/g, '').replace(/\s+/g, ' ');
  assert.equal(answer.status, 200, text);
  for (const part of step.shows) assert.ok(text.includes(part), `${part} on ${url}: ${text}`);
  await looked(url, step.picture);
}

function mendOf(reason: string): string {
  const section = runbook.split(`\n## \`${reason}\`\n`)[1]?.split('\n## ')[0] ?? '';
  const mend =
    section.split('- **Mend**: ')[1]?.split(/\n(?=- |\n)/)[0] ?? assert.fail(`no mend of ${reason}`);
  return `**Mend**: ${mend.replace(/\s*\n\s*/g, ' ').trim()}`;
}

function renamed(text: string, names: Readonly<Record<string, string>>): string {
  return Object.entries(names).reduce((rest, [from, to]) => rest.replaceAll(from, to), text);
}
