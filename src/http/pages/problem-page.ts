/** What a browser gets instead of a page when something is not there, not allowed or not possible. */
import { htmlDocument } from './document.ts';
import { html, toText, type Html } from './html.ts';

/** Says what is wrong, in the page's look; needs neither database nor sign-in. */
export function problemPage(title: string, message: string): string {
  return toText(
    bare(
      title,
      html`<h1>${title}</h1>
        <p>${message}</p>
        <p><a href="/">To the overview</a></p>`,
    ),
  );
}

/** A page of one card without bar or script. */
export function bare(title: string, content: Html): Html {
  return htmlDocument(title, html`<main id="content"><div class="narrow card">${content}</div></main>`);
}
