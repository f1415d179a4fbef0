/** Messages and jobs that could not run, with why and what to do. */
import type { DeadLetterRecord } from '../../state/dead-letter-store.ts';
import type { Micros } from '../../job/instant.ts';
import type { DeadLetterListFilter } from '../dead-letter-filter.ts';
import { deadLetterQuery } from '../dead-letter-filter.ts';
import { adviceText } from './error-note.ts';
import { page, type Frame } from './frame.ts';
import { html, type Html } from './html.ts';
import { ago, jobLink, organizationLink } from './job-words.ts';
import { empty } from './table.ts';

export type DeadLetterListing = {
  readonly filter: DeadLetterListFilter;
  readonly letters: readonly DeadLetterRecord[];
  readonly hasOlder: boolean;
};

const SHOWN_CHARACTERS = 2_000;
const PATH = '/dead-letters';

/** The whole page; `action` gives the buttons of a letter. */
export function deadLettersPage(
  frame: Frame,
  { filter, letters, hasOlder }: DeadLetterListing,
  now: Micros,
  action: (letter: DeadLetterRecord) => Html | undefined = () => undefined,
): Html {
  const chosen = filter.organizationId !== undefined || filter.reason !== undefined;
  const content = html`<h1>Dead letters</h1>
    <p class="soft">What could not run: messages that are not valid, and jobs that failed for good.</p>
    <form class="filter" method="get" action="${PATH}" role="search" aria-label="Dead letters">
      <label
        >Organization<input
          type="search"
          name="organization"
          value="${filter.organizationId ?? ''}"
          placeholder="any"
          autocomplete="off"
      /></label>
      <label
        >Reason<input
          type="search"
          name="reason"
          value="${filter.reason ?? ''}"
          placeholder="any"
          autocomplete="off"
      /></label>
      <button class="main">Search</button>
      ${chosen ? html`<a class="button" href="${PATH}">Clear</a>` : undefined}
    </form>
    <div id="letters" data-live>
      ${letters.length === 0 ? empty('There is none.') : letterTable(letters, now, action)}
      <nav class="paging" aria-label="Pages of dead letters">
        ${filter.beforeId === undefined ? undefined : html`<a href="${PATH}${deadLetterQuery({ ...filter, beforeId: undefined })}">← Newest</a>`}
        ${hasOlder ? html`<a href="${PATH}${deadLetterQuery({ ...filter, beforeId: letters.at(-1)?.id })}" rel="next">Older →</a>` : undefined}
      </nav>
    </div>`;
  return page(frame, 'Dead letters', content);
}

function letterTable(
  letters: readonly DeadLetterRecord[],
  now: Micros,
  action: (letter: DeadLetterRecord) => Html | undefined,
): Html {
  return html`<div class="frame">
    <table class="stack">
      <caption class="unseen">
        Dead letters, the newest first
      </caption>
      <thead>
        <tr>
          <th scope="col">Seen</th>
          <th scope="col">What</th>
          <th scope="col">Why</th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        ${letters.map(
          (letter) =>
            html`<tr>
              <th scope="row">${ago(letter.seenAt, now)}</th>
              <td data-label="What"><span>${subject(letter)}</span></td>
              <td class="wide" data-label="Why"><div>${why(letter)}</div></td>
              <td data-label="State"><div>${stateOf(letter, now)} ${action(letter)}</div></td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function subject({ organizationId, jobId, source }: DeadLetterRecord): Html {
  const kind = source === 'failed_job' ? 'failed job' : 'message';
  if (organizationId === undefined) return html`<span class="soft">${kind}</span>`;
  const job = jobId === undefined ? undefined : html` / ${jobLink({ organizationId, jobId })}`;
  return html`${organizationLink(organizationId)}${job} <span class="soft">${kind}</span>`;
}

function why(letter: DeadLetterRecord): Html {
  const { message, messageEncoding } = letter;
  const cut = message.length > SHOWN_CHARACTERS ? `${message.slice(0, SHOWN_CHARACTERS)}…` : message;
  return html`<code>${letter.reason}</code>
    ${letter.violations.map((violation) => html`<p class="small">${violation.slice(0, SHOWN_CHARACTERS)}</p>`)}
    ${adviceText(letter.reason, letter)}
    <details id="letter-${letter.id}">
      <summary class="small soft">The message${messageEncoding === 'base64' ? ', as base64' : ''}</summary>
      <pre>${cut}</pre>
    </details>`;
}

function stateOf({ replayedAt, replayedBy }: DeadLetterRecord, now: Micros): Html {
  return replayedAt === undefined
    ? html`<span class="pill warn">open</span>`
    : html`<span class="pill good">replayed</span>
        <span class="soft">${ago(replayedAt, now)} by ${replayedBy}</span>`;
}
