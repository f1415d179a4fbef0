/** The HTML document around the body of every page. */
import { ICON_ASSET, STYLE_ASSET } from './assets.ts';
import { html, type Html } from './html.ts';

/** A document with the page's look; script is added to its head. */
export function htmlDocument(title: string, body: Html, script?: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · pulse-billing-etl</title>
        <link rel="icon" href="${ICON_ASSET.path}" type="image/svg+xml" />
        <link rel="stylesheet" href="${STYLE_ASSET.path}" />
        ${script}
      </head>
      <body>
        ${body}
      </body>
    </html> `;
}
