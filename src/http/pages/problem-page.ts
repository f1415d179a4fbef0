/** What a browser gets instead of a page when something is not there, not allowed or not possible. */
import { html, toText, type Html } from './html.ts';
import { ICON_ASSET, STYLE_ASSET } from './assets.ts';

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
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · pulse-billing-etl</title>
        <link rel="icon" href="${ICON_ASSET.path}" type="image/svg+xml" />
        <link rel="stylesheet" href="${STYLE_ASSET.path}" />
      </head>
      <body>
        <main id="content"><div class="narrow card">${content}</div></main>
      </body>
    </html> `;
}
