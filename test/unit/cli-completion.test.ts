// Completion scripts know every command and option there is, and bash, where it is there, completes by them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { cliOn } from '../support/cli-call.ts';

async function scriptFor(shell: string): Promise<string> {
  const { code, stdout, stderr } = await cliOn({ env: { BATCH_SIZE: 'wrong' } }).call('completion', shell);
  assert.deepEqual([code, stderr], [0, ''], 'no configuration is read');
  return stdout;
}

/** What bash offers after these words, the last of which is being typed. */
function offered(script: string, ...words: string[]): string[] {
  const line = `${script}
COMP_WORDS=(pulse-billing-etl ${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length}
_pulse_billing_etl
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', line]).toString().trim().split('\n').filter(Boolean);
}

test('bash completes commands, the commands below them, and options', async () => {
  const script = await scriptFor('bash');
  assert.deepEqual(offered(script, 'dlq', ''), ['list', 'show', 'replay', 'purge', '--help']);
  assert.deepEqual(offered(script, 'dlq', 're'), ['replay']);
  assert.deepEqual(offered(script, 'dlq', 'replay', '--org', 'acme', '--dr'), ['--dry-run']);
  assert.ok(offered(script, '').includes('doctor'));
  assert.deepEqual(offered(script, 'org', 'show', 'acme', '--js'), ['--json']);
  assert.deepEqual(offered(script, 'status', '--org', 'org', '--st'), ['--status'], 'a value is no command');
});

test('the scripts for zsh and fish name the same commands', async () => {
  assert.match(
    await scriptFor('zsh'),
    /^#compdef pulse-billing-etl\n[\s\S]*'dlq replay'\) words='--org --reason /,
  );
  const fish = await scriptFor('fish');
  assert.match(
    fish,
    /^complete -c pulse-billing-etl -f -n '__fish_seen_subcommand_from dlq; and not __fish_seen_subcommand_from list show replay purge' -a replay$/m,
  );
  assert.match(
    fish,
    /^complete -c pulse-billing-etl -n '__fish_seen_subcommand_from dlq; and __fish_seen_subcommand_from replay' -l dry-run$/m,
  );
});

test('another shell is wrong usage', async () => {
  assert.equal((await cliOn().call('completion', 'csh')).code, 2);
});
