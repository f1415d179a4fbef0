/** The script of the pages: when the server says that something changed, it fetches the page again and swaps what differs. */

/** Plain JavaScript for browsers; without it the pages work by reloading. Only elements with data-live are touched. */
export const LIVE_SCRIPT = `'use strict';
(() => {
  const QUIET_MS = 1000;
  const state = document.getElementById('live-state');
  let timer, busy = false, again = false;

  const say = (word, text) => { state.dataset.state = word; state.textContent = text; };

  // What a person opened, chose or stands on stays as it is.
  const keepPlace = (was, is) => {
    for (const details of was.querySelectorAll('details[id][open]')) {
      const same = is.querySelector('#' + CSS.escape(details.id));
      if (same) same.open = true;
    }
  };
  const focusKey = () => {
    const focused = document.activeElement;
    return focused && focused.closest('[data-live]') ? focused.id || focused.getAttribute('href') : null;
  };
  const refocus = (key) => {
    if (!key) return;
    const target = document.getElementById(key) || document.querySelector('[data-live] [href="' + CSS.escape(key) + '"]');
    if (target && target !== document.activeElement) target.focus({ preventScroll: true });
  };

  const patch = (fresh) => {
    const key = focusKey();
    for (const was of document.querySelectorAll('[data-live]')) {
      const is = fresh.getElementById(was.id);
      if (!is || is.innerHTML === was.innerHTML) continue;
      keepPlace(was, is);
      was.replaceChildren(...is.childNodes);
    }
    refocus(key);
  };

  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const response = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store' });
      if (response.redirected) { location.reload(); return; }
      if (response.ok) patch(new DOMParser().parseFromString(await response.text(), 'text/html'));
    } catch {
      // The next event tries again.
    } finally {
      busy = false;
      if (again) { again = false; soon(); }
    }
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, document.hidden ? 10 * QUIET_MS : 50);
  };

  const events = new EventSource('/api/events');
  events.addEventListener('open', () => say('on', 'live'));
  events.addEventListener('changed', soon);
  events.addEventListener('error', () =>
    events.readyState === EventSource.CLOSED ? say('off', 'not live: reload to refresh') : say('off', 'reconnecting…'));
  document.addEventListener('visibilitychange', () => { if (!document.hidden) soon(); });
})();
`;
