/** Renders the table of variables for the README, so that the page cannot say anything else than the code. */
import { SECTIONS, variable, VARIABLE_NAMES, type VariableName } from '../../src/config/variables.ts';

export const TABLE_START = '<!-- configuration:start -->';
export const TABLE_END = '<!-- configuration:end -->';

/** Markdown: one table a section, every variable once. */
export function configurationTable(): string {
  return SECTIONS.map((section) => {
    const rows = VARIABLE_NAMES.filter((name) => variable(name).section === section).map(row);
    return [
      `**${section}**`,
      '',
      '| Variable | Value | Default | Meaning |',
      '|---|---|---|---|',
      ...rows,
    ].join('\n');
  }).join('\n\n');
}

/** What stands between the two markers of a page, without the blank lines around it; undefined when a marker is missing. */
export function markedPart(page: string): string | undefined {
  const start = page.indexOf(TABLE_START);
  const end = page.indexOf(TABLE_END);
  return start < 0 || end < start ? undefined : page.slice(start + TABLE_START.length, end).trim();
}

/** The page with the table between its markers; undefined when a marker is missing. */
export function withConfigurationTable(page: string): string | undefined {
  if (markedPart(page) === undefined) return undefined;
  const start = page.indexOf(TABLE_START) + TABLE_START.length;
  const end = page.indexOf(TABLE_END);
  return `${page.slice(0, start)}\n\n${configurationTable()}\n\n${page.slice(end)}`;
}

function row(name: VariableName): string {
  const { kind, default: preset, secret, description } = variable(name);
  const value = secret ? `${kind.label}, secret` : kind.label;
  return `| \`${name}\` | ${value} | ${preset === undefined ? '' : `\`${preset}\``} | ${description} |`;
}
