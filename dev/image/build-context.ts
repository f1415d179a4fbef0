// Which files of the checkout reach the builder, by .dockerignore.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Whether a path, relative to the checkout, is left out: the last rule that matches it or a folder above it decides. */
export type IsIgnored = (path: string) => boolean;

/** Reads the rules: one pattern a line, `*` within one folder's name, `!` for an exception. */
export function ignoreRules(text: string): IsIgnored {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ ignores: !line.startsWith('!'), pattern: patternOf(line.replace(/^!/, '')) }));
  return (path) => rules.findLast(({ pattern }) => pattern.test(path))?.ignores ?? false;
}

/** The paths of the checkout's files that the builder sees. */
export function contextFiles(root: string): string[] {
  const isIgnored = ignoreRules(readFileSync(join(root, '.dockerignore'), 'utf8'));
  return filesBelow(root, root).filter((path) => !isIgnored(path));
}

function filesBelow(folder: string, root: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    // Never part of an image, and large: not worth a walk.
    if (entry.isDirectory())
      return ['node_modules', '.git', '.local'].includes(entry.name) ? [] : filesBelow(path, root);
    return [relative(root, path)];
  });
}

function patternOf(rule: string): RegExp {
  const escaped = rule.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '[^/]*');
  return new RegExp(`^${escaped}(/|$)`);
}
