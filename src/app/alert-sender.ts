/** Where alerts go: to the module of ALERT_MODULE, to ALERT_WEBHOOK_URL, or else to the log. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Config } from '../config/config.ts';
import { messageOf, TerminalError } from '../job/errors.ts';
import { alertWebhook } from '../observability/alert-webhook.ts';
import type { Logger } from '../observability/logger.ts';
import type { AlertSender } from '../worker/alert-sender.ts';

/** Rejects with a TerminalError `invalid_configuration` when the module cannot be loaded or exports no sendAlert. */
export async function createAlertSender(config: Config, logger: Logger): Promise<AlertSender> {
  if (config.alertModule !== undefined) return loadAlertModule(config.alertModule);
  if (config.alertWebhookUrl !== undefined) return alertWebhook(config.alertWebhookUrl);
  return async ({ organizationId, jobId, ...alert }) => {
    logger.error('alert', { ...alert, alert_organization: organizationId, alert_job: jobId });
  };
}

async function loadAlertModule(path: string): Promise<AlertSender> {
  const refuse = (why: string): TerminalError =>
    new TerminalError('invalid_configuration', `the module of ALERT_MODULE (${path}) ${why}`);
  const loaded: unknown = await import(pathToFileURL(resolve(path)).href).catch((error: unknown) => {
    throw refuse(`cannot be loaded: ${messageOf(error)}`);
  });
  const { sendAlert } = loaded as { sendAlert?: unknown };
  if (typeof sendAlert !== 'function')
    throw refuse('exports no function sendAlert(alert, signal): see docs/operations.md');
  return async (alert, signal) => {
    await (sendAlert as AlertSender)(alert, signal);
  };
}
