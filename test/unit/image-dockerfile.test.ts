// The reader of the Dockerfile behind npm run image:stages: what it sees, and what it refuses rather than leaves out.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { contextFiles, ignoreRules } from '../../dev/image/build-context.ts';
import { parseDockerfile } from '../../dev/image/parse-dockerfile.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const ours = (): ReturnType<typeof parseDockerfile> =>
  parseDockerfile(readFileSync(`${root}/Dockerfile`, 'utf8'));

test('a Dockerfile is read into stages, with arguments filled in and lines joined', () => {
  const [first, last] = parseDockerfile(`ARG BASE=node:24-slim
# a comment
FROM \${BASE} AS build
RUN one \\
    # between
    && two
FROM \${BASE}
COPY --from=build /app/a /app/b ./
LABEL title="two words" license=MIT
CMD ["worker", "now"]`);
  assert.deepEqual([first?.name, first?.base, last?.name], ['build', 'node:24-slim', undefined]);
  assert.deepEqual(first?.instructions, [{ name: 'RUN', text: 'one && two', line: 4 }]);
  assert.deepEqual(last?.instructions, [
    { name: 'COPY', from: 'build', sources: ['/app/a', '/app/b'], target: './', line: 8 },
    { name: 'LABEL', values: { title: 'two words', license: 'MIT' }, line: 9 },
    { name: 'CMD', words: ['worker', 'now'], line: 10 },
  ]);
});

test('an instruction that the stages would not reproduce is refused with its line', () => {
  for (const line of ['HEALTHCHECK CMD true', 'ADD a b', 'COPY --chown=1:1 a b', 'CMD node dist/main.js']) {
    assert.throws(
      () => parseDockerfile(`FROM node:24\n\n${line}`),
      /line 3 of the Dockerfile is not understood/,
      line,
    );
  }
  assert.throws(() => parseDockerfile('RUN before'), /line 1/);
});

test('the last rule that matches a file or a folder above it says whether the builder sees it', () => {
  const isIgnored = ignoreRules('*\n# comment\n!dev\ndev/*\n!dev/setup\n!*.json\n');
  const seen = ['dev/setup/a/b.mjs', 'package.json'];
  const unseen = ['src/main.ts', 'dev/check/check.mjs', 'dev/setupother', 'deep/package.json'];
  assert.deepEqual(
    [...seen, ...unseen].filter((path) => !isIgnored(path)),
    seen,
  );
});

test('the builder sees neither secrets nor tests nor history', () => {
  const folders = new Set(contextFiles(root).map((path) => path.split('/')[0]));
  assert.ok(folders.has('src') && folders.has('package-lock.json'));
  assert.deepEqual(
    [...folders].filter((name) => /^(test|data|bench|docs|k8s|\.env.*|\.git)$/.test(name ?? '')),
    [],
  );
});

test('our image runs as a numbered user, with production dependencies, and gets signals itself', () => {
  const [dependencies, , image] = ours();
  const instructions = image?.instructions ?? [];
  const user = instructions.find(({ name }) => name === 'USER');
  assert.match(user?.name === 'USER' ? user.text : '', /^[1-9]\d*:[1-9]\d*$/);
  const install = dependencies?.instructions.find(({ name }) => name === 'RUN');
  assert.match(install?.name === 'RUN' ? install.text : '', /^npm ci --omit=dev /);
  const entry = instructions.find(({ name }) => name === 'ENTRYPOINT');
  assert.equal(entry?.name === 'ENTRYPOINT' ? entry.words[0] : '', 'node');
});
