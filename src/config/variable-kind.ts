/** The kinds of values a variable can have: how its text is read, and what is said when it cannot be. */

/** Either the value, or how the text must be changed to be one. */
export type Parsed<T> = { readonly value: T } | { readonly mend: string };

/** Reads the text of a variable; label names the kind in the configuration table. */
export type Kind<T> = { readonly label: string; readonly parse: (text: string) => Parsed<T> };

/** Any text. */
export const text: Kind<string> = { label: 'text', parse: (value) => ({ value }) };

/** A path; whether anything is there is found out by whoever reads it. */
export const path: Kind<string> = { label: 'path', parse: (value) => ({ value }) };

/** Text that must match a pattern; rule completes the sentence "use …". */
export function matching(label: string, pattern: RegExp, rule: string): Kind<string> {
  return { label, parse: (value) => (pattern.test(value) ? { value } : { mend: `use ${rule}` }) };
}

/** One of a few words. */
export function choice<const T extends string>(...words: readonly T[]): Kind<T> {
  const list = words.join(' | ');
  return {
    label: words.map((word) => `\`${word}\``).join(' \\| '),
    parse: (value) => {
      const word = words.find((candidate) => candidate === value.toLowerCase());
      return word === undefined ? { mend: `use one of ${list}` } : { value: word };
    },
  };
}

/** true or false, and the other words people write for them. */
export const flag: Kind<boolean> = {
  label: '`true` \\| `false`',
  parse: (value) => {
    if (['true', '1', 'yes', 'on'].includes(value.toLowerCase())) return { value: true };
    if (['false', '0', 'no', 'off'].includes(value.toLowerCase())) return { value: false };
    return { mend: 'use true or false' };
  },
};

/** A whole number between two bounds, times a factor that takes it into the unit of the configuration. */
export function whole(min: number, max: number, factor = 1): Kind<number> {
  const range = `${min}–${max}`;
  return {
    label: range,
    parse: (value) => {
      if (isServiceLink(value)) return { mend: SERVICE_LINK_MEND };
      const number = Number(value);
      const fits = /^[0-9]+$/.test(value) && number >= min && number <= max;
      return fits ? { value: number * factor } : { mend: `use a whole number from ${min} to ${max}` };
    },
  };
}

/** Seconds, decimals allowed, as milliseconds. */
export function seconds(min: number, max: number): Kind<number> {
  return {
    label: `${min}–${max} seconds`,
    parse: (value) => {
      const number = Number(value);
      const fits = /^[0-9]+(\.[0-9]+)?$/.test(value) && number >= min && number <= max;
      return fits ? { value: Math.round(number * 1000) } : { mend: `use ${min} to ${max} seconds` };
    },
  };
}

/** host:port; a scheme in front, which some client libraries want, is taken off. */
export const hostAndPort: Kind<string> = {
  label: 'host:port',
  parse: (value) => {
    const match = /^(?:https?:\/\/)?((?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5}))\/?$/.exec(value);
    const fits = match?.[1] !== undefined && Number(match[2]) >= 1 && Number(match[2]) <= 65_535;
    return fits ? { value: match[1] as string } : { mend: 'use host:port, such as localhost:9050' };
  },
};

/** An absolute URL over HTTP. */
export const httpUrl: Kind<string> = {
  label: 'URL',
  parse: (value) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const fits = url?.protocol === 'https:' || url?.protocol === 'http:';
    return fits ? { value } : { mend: 'use a URL that starts with https://' };
  },
};

const SERVICE_LINK_MEND =
  'this looks like a link that Kubernetes sets for a Service of that name: set enableServiceLinks: false in the pod';

function isServiceLink(value: string): boolean {
  return /^(tcp|udp|sctp):\/\//.test(value);
}
