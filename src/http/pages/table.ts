/** Tables that become cards on a phone, lists of facts, and what stands where there is nothing. */
import { html, type Html } from './html.ts';

/** A column; numbers stand right. */
export type Column<Row> = {
  readonly title: string;
  readonly cell: (row: Row) => Html | string | number;
  readonly look?: 'number' | 'wide';
};

/** What a cell says where there is nothing to say; a phone has no room for that. */
const NOTHING = '–';

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
        ${others.map((column) => cellOf(column, row))}
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

function cellOf<Row>({ title, look, cell }: Column<Row>, row: Row): Html {
  const content = cell(row);
  const looks = [look ?? [], content === NOTHING ? 'none' : []].flat().join(' ');
  return html`<td class="${looks}" data-label="${title}"><span>${content}</span></td>`;
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
