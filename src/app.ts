/** The composition root: makes the program from a configuration, loading and opening each part when it is first asked for. */
import { once } from './app/once.ts';
import { processClock } from './app/process-clock.ts';
import { CallRates } from './bigquery/call-rates.ts';
import type { CliApp } from './cli/app-port.ts';
import type { Config } from './config/config.ts';
import { TerminalError } from './job/errors.ts';
import type { Logger } from './observability/logger.ts';

/**
 * Nothing is opened before it is used; close() closes whatever was. The vendors' clients take most of a second and
 * 100 MB to load, so a command that needs none of them loads none.
 */
export function createApp({ config, logger }: { config: Config; logger: Logger }): CliApp {
  const state = once(async () => (await import('./state/open-state.ts')).openState(config.database));
  const rates = new CallRates(
    {
      writeStreamsPerHour: config.jobs.writeStreamsPerHour,
      jobsPerSecond: config.jobs.bigQueryJobsPerSecond,
    },
    processClock,
  );
  const sides = once(async () => (await import('./app/sides.ts')).createSidesRegistry(config, rates));
  const tracing = once(async () =>
    config.tracing ? (await import('./observability/tracing.ts')).openTracing({ logger }) : undefined,
  );
  const traces = async () => (await tracing.get())?.traces;
  const messaging = once(async () =>
    (await import('./app/messaging.ts')).openMessaging(config, await traces()),
  );
  return {
    config,
    logger,
    openState: () => state.get(),
    async runWorker() {
      const { runDaemon } = await import('./app/daemon.ts');
      const { projectId, clients, publisher } = await messaging.get();
      const common = { config, logger, projectId, publisher, pubsub: clients, traces: await traces() };
      return runDaemon({ ...common, rates, openSides: () => sides.get(), openState: () => state.get() });
    },
    provision: async () => (await messaging.get()).provision(),
    publish: async (request) => (await messaging.get()).publisher.publishJob(request),
    async runJob(request, { signal, onStep, onProgress }) {
      const { runInForeground } = await import('./app/foreground-run.ts');
      const common = { config, logger, signal, onStep, onProgress, traces: await traces() };
      const opened = { sides: await sides.get(), state: await state.get() };
      return runInForeground(request, { ...common, ...opened, rates });
    },
    async planJob(request) {
      const { previewPlan } = await import('./app/preview-plan.ts');
      const opened = await state.get();
      const organization = await opened.organizations.find(request.organizationId);
      if (!organization) {
        throw new TerminalError(
          'unknown_organization',
          `organization "${request.organizationId}" is not configured; add it with org set`,
        );
      }
      return previewPlan(request, organization, (await sides.get()).open(organization), opened, config);
    },
    async checkFocus(organization) {
      const { checkFocus } = await import('./app/check-focus.ts');
      return checkFocus(organization, (await sides.get()).open(organization));
    },
    async transformChecks(organization) {
      const { transformChecks } = await import('./app/doctor/transform-checks.ts');
      return transformChecks(organization, config.jobs);
    },
    async healthChecks() {
      const { databaseChecks } = await import('./app/doctor/database-checks.ts');
      const { pubSubChecks } = await import('./app/doctor/pubsub-checks.ts');
      return [
        ...databaseChecks(config, () => state.get(), Date.now),
        ...pubSubChecks(config, () => messaging.get()),
      ];
    },
    async organizationChecks() {
      const { organizationChecks } = await import('./app/doctor/organization-checks.ts');
      const { stagingChecks } = await import('./app/doctor/staging-check.ts');
      const { transformChecks } = await import('./app/doctor/transform-checks.ts');
      return (await (await state.get()).organizations.list()).flatMap((organization) => [
        ...organizationChecks(organization, () => sides.get(), Date.now),
        ...stagingChecks(organization, config.jobs.stagingDataset, () => sides.get()),
        ...transformChecks(organization, config.jobs),
      ]);
    },
    async close() {
      await Promise.all([
        state.dispose((opened) => opened.close()),
        sides.dispose((opened) => opened.close()),
        messaging.dispose((opened) => opened.close()),
        tracing.dispose(async (opened) => opened?.close()),
      ]);
    },
  };
}
