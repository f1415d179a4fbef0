/** Writes completion scripts from the tree of commands, so that they cannot fall behind it. */
import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What may follow a command: the commands below it and its options. */
type Node = { readonly path: string; readonly words: readonly string[] };

/** A script that the shell runs once; it calls nothing while completing. */
export function completionScript(program: Command, shell: Shell): string {
  const nodes = nodesOf(program, []);
  const name = program.name();
  if (shell === 'fish') return fishScript(name, nodes);
  const bash = bashScript(name, nodes);
  return shell === 'bash' ? bash : `#compdef ${name}\nautoload -U +X bashcompinit && bashcompinit\n${bash}`;
}

function nodesOf(command: Command, path: readonly string[]): Node[] {
  const options = command.options.flatMap((option) => option.long ?? []);
  const words = [...command.commands.map((each) => each.name()), ...options, '--help'];
  const below = command.commands.flatMap((each) => nodesOf(each, [...path, each.name()]));
  return [{ path: path.join(' '), words }, ...below];
}

/** Walks the words typed so far down the tree; values of options and arguments lead nowhere and are passed over. */
function bashScript(name: string, nodes: readonly Node[]): string {
  const cases = nodes.map(({ path, words }) => `    '${path}') words='${words.join(' ')}' ;;`);
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `_pulse_billing_etl() {
  local path='' word words='' candidate
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    candidate="\${path:+$path }$word"
    case "$candidate" in
      ${paths.join('|')}) path="$candidate" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _pulse_billing_etl ${name}`;
}

function fishScript(name: string, nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, words }) => {
    const typed = path.split(' ').filter((word) => word !== '');
    const below = words.filter((word) => !word.startsWith('-'));
    const seen = typed.map((word) => `__fish_seen_subcommand_from ${word}`);
    const notYet = below.length > 0 ? [`not __fish_seen_subcommand_from ${below.join(' ')}`] : [];
    const condition = [...seen, ...notYet].join('; and ');
    const when = condition === '' ? '' : ` -n '${condition}'`;
    return words.map((word) =>
      word.startsWith('--')
        ? `complete -c ${name}${when} -l ${word.slice(2)}`
        : `complete -c ${name} -f${when} -a ${word}`,
    );
  });
  return lines.join('\n');
}
