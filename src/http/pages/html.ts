/** HTML as values: what is interpolated is escaped unless it is HTML itself. */

const BRAND = Symbol('html');
export type Html = { readonly [BRAND]: string };
type Part = Html | string | number | readonly Part[] | undefined;

/** Builds HTML; text is escaped, lists are joined, undefined is nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return raw(strings.map((text, index) => text + render(parts[index])).join(''));
}

/** Text that is HTML already. */
function raw(text: string): Html {
  return { [BRAND]: text };
}

/** The text to send. */
export function toText(page: Html): string {
  return page[BRAND];
}

function render(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'string' || typeof part === 'number') return escape(String(part));
  return BRAND in part ? part[BRAND] : part.map(render).join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}
