/** The form that asks for the token. */
import { html, type Html } from './html.ts';
import { bare } from './problem-page.ts';

/** Leads back to `next`; says why where a sign-in failed. */
export function signInPage(next: string, problem?: string): Html {
  return bare(
    'Sign in',
    html`<h1>Sign in</h1>
      <p class="soft">
        To retry, cancel, pause and replay from these pages. What you do is recorded under your name.
      </p>
      ${problem === undefined ? undefined : html`<p class="note bad" role="alert">${problem}</p>`}
      <form method="post" action="/sign-in">
        <input type="hidden" name="next" value="${next}" />
        <label>Your name<input name="name" required maxlength="80" autocomplete="name" /></label>
        <label
          >Token, the value of ADMIN_TOKEN<input
            name="token"
            type="password"
            required
            autocomplete="current-password"
        /></label>
        <button class="main">Sign in</button>
      </form>
      <p class="small"><a href="${next}">Back</a></p>`,
  );
}
