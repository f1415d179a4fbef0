/** A button that acts, for those who signed in; for others nothing. */
import type { Frame } from './frame.ts';
import { html, type Html } from './html.ts';

/** Posts to the path of the API and comes back here. */
export function actionButton(
  frame: Frame,
  path: string,
  label: string,
  look: 'main' | '' = '',
): Html | undefined {
  const { viewer, here } = frame;
  if (viewer.kind !== 'admin') return undefined;
  return html`<form method="post" action="${path}">
    <input type="hidden" name="form_token" value="${viewer.formToken}" />
    <input type="hidden" name="next" value="${here}" />
    <button class="${look}">${label}</button>
  </form>`;
}
