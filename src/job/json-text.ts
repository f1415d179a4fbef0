/** Finds in JSON text what JSON.parse passes over in silence: a name given twice, and nesting without end. */

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/g;

/** One line per fault in text that is valid JSON; nothing beyond the depth is looked at. */
export function jsonFaults(text: string, maxDepth: number): string[] {
  const repeated = new Set<string>();
  // Names seen in each object that is open here; an array has none.
  const open: Set<string>[] = [];
  let lastText = '""';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') noteName(open.at(-1), lastText, repeated);
    else lastText = token;
    if (open.length > maxDepth) return [`the message must not be nested deeper than ${maxDepth} levels`];
  }
  return [...repeated].map((name) => `${printable(name)} must not be given twice`);
}

function noteName(names: Set<string> | undefined, text: string, repeated: Set<string>): void {
  const name = JSON.parse(text) as string;
  if (names?.has(name)) repeated.add(name);
  names?.add(name);
}

/** A field name from outside, safe and short enough to repeat in a log line or an attribute. */
export function printable(name: string): string {
  const escaped = JSON.stringify(name).slice(1, -1);
  return escaped.length > 64 ? `${escaped.slice(0, 64)}…` : escaped;
}
