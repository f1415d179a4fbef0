// Reads a Dockerfile into its stages; understands exactly the instructions that ours uses, and refuses others by name.

/** One instruction, with the line it begins on. */
export type Instruction =
  | { readonly name: 'WORKDIR' | 'RUN' | 'USER' | 'EXPOSE'; readonly text: string; readonly line: number }
  | {
      readonly name: 'COPY';
      readonly from: string | undefined;
      readonly sources: readonly string[];
      readonly target: string;
      readonly line: number;
    }
  | {
      readonly name: 'ENV' | 'ARG' | 'LABEL';
      readonly values: Readonly<Record<string, string>>;
      readonly line: number;
    }
  | { readonly name: 'ENTRYPOINT' | 'CMD'; readonly words: readonly string[]; readonly line: number };

/** The last stage has no name; `base` is the image it begins with, arguments filled in. */
export type Stage = {
  readonly name: string | undefined;
  readonly base: string;
  readonly instructions: readonly Instruction[];
};

type Line = { readonly keyword: string; readonly rest: string; readonly line: number };

/** The stages in their order; throws an error that names the line it does not understand. */
export function parseDockerfile(text: string): Stage[] {
  const stages: { name: string | undefined; base: string; instructions: Instruction[] }[] = [];
  const globals: Record<string, string> = {};
  for (const line of linesOf(text)) {
    if (line.keyword === 'FROM') {
      const [, base, , name] = /^(\S+)(\s+AS\s+(\S+))?$/i.exec(line.rest) ?? notUnderstood(line);
      stages.push({ name, base: filledIn(base ?? '', globals), instructions: [] });
      continue;
    }
    const instruction = instructionOf(line);
    const stage = stages.at(-1);
    if (stage) stage.instructions.push(instruction);
    else if (instruction.name === 'ARG') Object.assign(globals, instruction.values);
    else notUnderstood(line);
  }
  if (stages.length === 0) throw new Error('the Dockerfile has no FROM');
  return stages;
}

/** Logical lines: comments and empty lines left out, a line that ends in a backslash joined with the next. */
function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  let open: { text: string; line: number } | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    if (raw.trim() === '' || /^\s*#/.test(raw)) continue;
    const joined: { text: string; line: number } = open
      ? { ...open, text: `${open.text} ${raw.trim()}` }
      : { text: raw.trim(), line: index + 1 };
    open = joined.text.endsWith('\\') ? { ...joined, text: joined.text.slice(0, -1).trim() } : undefined;
    if (open) continue;
    const [keyword = '', ...rest] = joined.text.split(/\s+/);
    lines.push({ keyword: keyword.toUpperCase(), rest: rest.join(' '), line: joined.line });
  }
  return lines;
}

function instructionOf(found: Line): Instruction {
  const { keyword, rest, line } = found;
  switch (keyword) {
    case 'WORKDIR':
    case 'RUN':
    case 'USER':
    case 'EXPOSE':
      return { name: keyword, text: rest, line };
    case 'COPY':
      return copyOf(found);
    case 'ENV':
    case 'ARG':
    case 'LABEL':
      return { name: keyword, values: pairsOf(rest), line };
    case 'ENTRYPOINT':
    case 'CMD':
      return { name: keyword, words: wordsOf(found), line };
    default:
      return notUnderstood(found);
  }
}

function copyOf(found: Line): Instruction {
  const words = found.rest.split(' ');
  const from = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined;
  const target = words.pop();
  if (target === undefined || words.length === 0 || words[0]?.startsWith('--')) return notUnderstood(found);
  return { name: 'COPY', from, sources: words, target, line: found.line };
}

/** `A=b C="d e"`; an ARG without a value is empty. */
function pairsOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/([\w.-]+)(?:=(?:"([^"]*)"|(\S*)))?(?:\s|$)/g)];
  return Object.fromEntries(pairs.map(([, key, quoted, plain]) => [key ?? '', quoted ?? plain ?? '']));
}

/** Only the form with brackets makes the program process 1, which gets the signals. */
function wordsOf(found: Line): string[] {
  if (!found.rest.startsWith('[')) return notUnderstood(found);
  return JSON.parse(found.rest) as string[];
}

function filledIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)\}/g, (_whole, name: string) => values[name] ?? '');
}

function notUnderstood({ keyword, rest, line }: Line): never {
  throw new Error(
    `line ${line} of the Dockerfile is not understood: "${keyword} ${rest}"; teach dev/image/ to reproduce it, or write it in a form it knows`,
  );
}
