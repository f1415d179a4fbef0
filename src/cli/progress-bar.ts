/** The progress of one job as a bar on a terminal: rows, speed and time left. */
import cliProgress, { type Options, type Params } from 'cli-progress';
import type { JobProgress } from './app-port.ts';
import type { CliIo } from './cli-io.ts';
import { count, duration, size } from '../http/human-text.ts';

export type ProgressBar = { update(progress: JobProgress): void; stop(): void };

/** A bar on stderr where that is a terminal, so that stdout can be piped; elsewhere nothing. */
export function startProgressBar(name: string, io: CliIo, wanted: boolean): ProgressBar {
  if (!wanted || io.stderr.isTTY !== true) return { update: () => undefined, stop: () => undefined };
  const startedMs = io.now().getTime();
  let first: JobProgress | undefined;
  const bar = new cliProgress.SingleBar(
    {
      stream: io.stderr,
      format: (options, params, payload: JobProgress) => {
        const elapsedMs = io.now().getTime() - startedMs;
        return `${name} ${progressText(options, params, payload, first, elapsedMs)}`;
      },
      barsize: 24,
      fps: 5,
      clearOnComplete: true,
      hideCursor: true,
      // Ctrl-C is the command's to handle.
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(1, 0, { rowsDone: 0, rowsEstimated: undefined, bytesDone: 0 } satisfies JobProgress);
  return {
    update: (progress) => {
      // A resumed job starts with what was done before, which says nothing about today's speed.
      first ??= progress;
      bar.setTotal(Math.max(1, progress.rowsEstimated ?? 1, progress.rowsDone));
      bar.update(progress.rowsDone, progress);
    },
    stop: () => bar.stop(),
  };
}

function progressText(
  options: Options,
  params: Params,
  { rowsDone, rowsEstimated, bytesDone }: JobProgress,
  first: JobProgress | undefined,
  elapsedMs: number,
): string {
  const speed = elapsedMs > 0 ? ((bytesDone - (first?.bytesDone ?? 0)) / elapsedMs) * 1_000 : 0;
  const rate = `${(speed / 1e6).toFixed(1)} MB/s`;
  if (rowsEstimated === undefined)
    return rowsDone === 0
      ? `starting, ${duration(elapsedMs)}`
      : `${count(rowsDone)} rows  ${size(bytesDone)}  ${rate}`;
  const percent = Math.floor(params.progress * 100);
  const rowsPerMs = elapsedMs > 0 ? (rowsDone - (first?.rowsDone ?? 0)) / elapsedMs : 0;
  const left = rowsPerMs > 0 ? duration(Math.max(0, rowsEstimated - rowsDone) / rowsPerMs) : '…';
  return `${cliProgress.Format.BarFormat(params.progress, options)} ${percent}%  ${count(rowsDone)}/${count(rowsEstimated)} rows  ${rate}  ETA ${left}`;
}
