/** What every run of this process shares, made from the configuration. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { ByteBudget } from '../etl/byte-budget.ts';
import type { RunObserver, RunServices } from '../etl/run.ts';
import type { State } from '../state/open-state.ts';
import { loadSqlTransforms, modulesOf } from './load-transforms.ts';
import { processClock } from './process-clock.ts';

/** The settings a run needs, from their variables. */
export function runSettings({ jobs }: Config): RunServices['settings'] {
  return {
    maxRetries: jobs.maxRetries,
    retryDelayMs: jobs.retryDelayMs,
    batchRows: jobs.batchSize,
    readStreams: jobs.readStreams,
    build: packageVersion(),
    stagingDataset: jobs.stagingDataset,
    sqlTransforms: loadSqlTransforms(jobs.transformsDir),
    modules: modulesOf(jobs),
  };
}

/** One set per process: the byte budget bounds all runs together. */
export function createRunServices(config: Config, state: State, observer: RunObserver): RunServices {
  return {
    state,
    observer,
    settings: runSettings(config),
    budget: new ByteBudget(config.jobs.memoryBudgetBytes),
    clock: processClock,
    random: Math.random,
  };
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
