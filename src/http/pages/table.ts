/** Tables that become cards on a phone, lists of facts, and what stands where there is nothing. */
import { html, type Html } from './html.ts';

/** A column; numbers stand right. */
export type Column<Row> = {
  readonly title: string;
  readonly cell: (row: Row) => Html | string | number;
  readonly look?: 'number' | 'wide';
};

/** The first column names the row. */
export function table<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): Html {
  const heads = columns.map(
    ({ title, look }) => html`<th scope="col" class="${look === 'number' ? 'number' : ''}">${title}</th>`,
  );
  const [first, ...others] = columns;
  const lines = rows.map(
    (row) =>
      html`<tr>
        <th scope="row">${first?.cell(row)}</th>
        ${others.map(({ title, look, cell }) => html`<td class="${look ?? ''}" data-label="${title}"><span>${cell(row)}</span></td>`)}
      </tr>`,
  );
  return html`<div class="frame">
    <table class="stack">
      <caption class="unseen">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${lines}
      </tbody>
    </table>
  </div>`;
}

/** Names with values, in as many columns as fit; a value that is undefined is left out. */
export function facts(entries: readonly (readonly [string, Html | string | number | undefined])[]): Html {
  const known = entries.filter(([, value]) => value !== undefined);
  return html`<dl class="facts card">
    ${known.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** Says that there is nothing, and where it makes sense how to get something. */
export function empty(text: string | Html): Html {
  return html`<p class="empty">${text}</p>`;
}
