/** Posts alerts to a Slack-compatible webhook: a text for people, and fields beside it for programs. */
import { alertText, nextStep, runbookHeading, type Alert } from './alert-text.ts';

const TIMEOUT_MS = 10_000;

/**
 * Sends one alert by POST; rejects, without ever naming the URL, when the webhook did not answer within ten seconds or
 * did not take it.
 */
export function alertWebhook(url: string): (alert: Alert, signal: AbortSignal) => Promise<void> {
  return async (alert, signal) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(webhookBody(alert)),
      // A redirect would take the alert to somebody who was not named.
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    }).catch((error: unknown) => {
      throw new Error(`the webhook of ALERT_WEBHOOK_URL did not answer (${causeOf(error)})`);
    });
    await response.body?.cancel();
    if (!response.ok)
      throw new Error(`the webhook of ALERT_WEBHOOK_URL did not take it: HTTP ${response.status}`);
  };
}

/** `text` is what Slack shows; the names of the others are those of the tables. */
function webhookBody(alert: Alert): Record<string, string | number | null> {
  return {
    text: alertText(alert),
    kind: alert.kind,
    organization_id: alert.organizationId ?? null,
    job_id: alert.jobId ?? null,
    reason: alert.reason ?? null,
    message: alert.message,
    times: alert.times,
    created_at: alert.at,
    runbook: runbookHeading(alert) ?? null,
    next_step: nextStep(alert) ?? null,
  };
}

/** The code of a network error or the name of another: messages may hold the address. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error as { cause?: unknown };
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : error.name;
}
