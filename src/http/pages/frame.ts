/** What stands around every page: head, bar with badges and sign-in, foot. */
import type { Micros } from '../../job/instant.ts';
import type { HealthState } from '../health-routes.ts';
import { time } from '../human-text.ts';
import { ICON_ASSET, SCRIPT_ASSET } from './assets.ts';
import { htmlDocument } from './document.ts';
import { html, type Html } from './html.ts';

/** Which Google Cloud the worker works with. */
export type Environment = { readonly kind: 'emulator' | 'project'; readonly name: string };

/** Who looks: somebody who signed in and may act, or a reader, who learns what acting would take. */
export type Viewer =
  | { readonly kind: 'admin'; readonly name: string; readonly formToken: string }
  | { readonly kind: 'reader'; readonly signInPossible: boolean };

/** What every page shows of the process and the person. */
export type Frame = {
  readonly environment: Environment;
  readonly ready: HealthState;
  readonly liveWorkers: number | undefined;
  readonly viewer: Viewer;
  /** Path and query of this page: where actions lead back to. */
  readonly here: string;
  readonly now: Micros | undefined;
  /** What the last action came to. */
  readonly done?: string | undefined;
};

const SECTIONS = [
  ['/', 'Overview'],
  ['/dead-letters', 'Dead letters'],
] as const;

/** A whole page. */
export function page(frame: Frame, title: string, content: Html): Html {
  const body = html`<a class="skip" href="#content">Skip to the content</a>
    ${bar(frame)}
    <main id="content">
      ${frame.done === undefined ? undefined : html`<p class="note good" role="status">${frame.done}</p>`}
      ${content}
    </main>
    <footer id="foot" data-live>
      ${frame.now === undefined ? undefined : html`As of ${time(frame.now)} by the database’s clock.`} All
      times are UTC.
    </footer>`;
  return htmlDocument(title, body, html`<script src="${SCRIPT_ASSET.path}" defer></script>`);
}

function bar(frame: Frame): Html {
  const { environment, viewer, here } = frame;
  return html`<header class="bar">
    <div>
      <a class="brand" href="/"
        ><img src="${ICON_ASSET.path}" width="24" height="24" alt="" />pulse-billing-etl</a
      >
      <nav aria-label="Pages">
        ${SECTIONS.map(([path, name]) => html`<a href="${path}" ${pathOf(here) === path ? CURRENT : undefined}>${name}</a>`)}
      </nav>
      <div class="end small">
        <span class="tag" title="What this worker works with"
          >${environment.kind === 'emulator' ? 'emulator' : 'project'} · ${environment.name}</span
        >
        <span id="badges" data-live>${workerBadge(frame)}</span>
        <span id="live-state" class="live soft"><a href="">reload</a></span>
        ${signing(viewer, here)}
      </div>
    </div>
  </header>`;
}

const CURRENT = html`aria-current="page"`;

function workerBadge({ ready, liveWorkers }: Frame): Html {
  if (liveWorkers === 0)
    return html`<span class="pill bad" title="Jobs wait until a worker starts">no live worker</span>`;
  const others = liveWorkers === undefined ? '' : `, ${liveWorkers} live`;
  return ready.ok
    ? html`<span class="pill good" title="${ready.why}">worker ready${others}</span>`
    : html`<span class="pill warn" title="${ready.why}">not ready: ${ready.why}</span>`;
}

function signing(viewer: Viewer, here: string): Html | undefined {
  if (viewer.kind === 'admin')
    return html`<form method="post" action="/sign-out">
      <input type="hidden" name="form_token" value="${viewer.formToken}" />
      <span class="soft">${viewer.name}</span> <button class="plain">Sign out</button>
    </form>`;
  if (!viewer.signInPossible)
    return html`<span class="soft" title="Set ADMIN_TOKEN to be able to act from here">read-only</span>`;
  return html`<a href="/sign-in?next=${encodeURIComponent(here)}">Sign in</a>`;
}

function pathOf(here: string): string {
  return here.split('?')[0] ?? here;
}
