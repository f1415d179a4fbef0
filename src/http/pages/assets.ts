/** The files the pages load, each under a name that changes with its content. */
import { createHash } from 'node:crypto';
import { LIVE_SCRIPT } from './live-script.ts';
import { STYLE } from './style.ts';

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#3a4fd0"/><path d="M5 17h5l3-8 5 15 4-10 2 3h3" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/></svg>`;

export type Asset = { readonly path: string; readonly type: string; readonly text: string };

export const STYLE_ASSET = asset('page', 'css', 'text/css; charset=utf-8', STYLE);
export const SCRIPT_ASSET = asset('live', 'js', 'text/javascript; charset=utf-8', LIVE_SCRIPT);
export const ICON_ASSET = asset('icon', 'svg', 'image/svg+xml', ICON);
/** Everything that is served under /assets/. */
export const ASSETS: readonly Asset[] = [STYLE_ASSET, SCRIPT_ASSET, ICON_ASSET];

function asset(name: string, extension: string, type: string, text: string): Asset {
  const fingerprint = createHash('sha256').update(text).digest('hex').slice(0, 10);
  return { path: `/assets/${name}.${fingerprint}.${extension}`, type, text };
}
