/** An alert module: wakes somebody for what needs a person, and leaves the rest to the log. */
import type { AlertSender } from '../../src/worker/alert-sender.ts';

const NEEDS_A_PERSON = new Set(['needs_operator', 'ledger_mismatch', 'crash_loop']);

export const sendAlert: AlertSender = async (alert, signal) => {
  if (!NEEDS_A_PERSON.has(alert.kind)) {
    console.log(JSON.stringify(alert));
    return;
  }
  const response = await fetch(process.env['PAGER_URL'] ?? 'http://127.0.0.1:9/', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title: `${alert.kind}: ${alert.organizationId ?? ''}`, text: alert.message }),
    signal,
  });
  // To throw means: it may not have arrived, try again later.
  if (!response.ok) throw new Error(`the pager did not take it: HTTP ${response.status}`);
};
