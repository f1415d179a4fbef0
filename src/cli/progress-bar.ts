/** The progress of one job as a bar on a terminal: rows, speed and time left. */
import cliProgress, { type Options, type Params } from 'cli-progress';
import { count, duration, size } from '../http/human-text.ts';
import type { JobProgress } from './app-port.ts';
import type { CliIo } from './cli-io.ts';

export type ProgressBar = { update(progress: JobProgress): void; stop(): void };

const NOTHING_YET: JobProgress = { rowsDone: 0, rowsEstimated: undefined, bytesDone: 0 };

/** A bar on stderr where that is a terminal, so that stdout can be piped; elsewhere nothing. */
export function startProgressBar(name: string, io: CliIo, wanted: boolean): ProgressBar {
  if (!wanted || io.stderr.isTTY !== true) return { update: () => undefined, stop: () => undefined };
  const nowMs = (): number => io.now().getTime();
  const startMs = nowMs();
  // Speed counts from the first checkpoint seen: a resumed job begins with rows that took no time today.
  let first: { readonly progress: JobProgress; readonly atMs: number } | undefined;
  const bar = new cliProgress.SingleBar(
    {
      stream: io.stderr,
      format: (options, params, progress: JobProgress) => {
        if (!first) return `${name} starting, ${duration(nowMs() - startMs)}`;
        return `${name} ${text(options, params, progress, speed(first.progress, progress, nowMs() - first.atMs))}`;
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
  bar.start(1, 0, NOTHING_YET);
  return {
    update: (progress) => {
      first ??= { progress, atMs: nowMs() };
      bar.setTotal(Math.max(1, progress.rowsEstimated ?? 1, progress.rowsDone));
      bar.update(progress.rowsDone, progress);
    },
    stop: () => bar.stop(),
  };
}

type Speed = { readonly rowsPerMs: number; readonly bytesPerMs: number };

function speed(first: JobProgress, now: JobProgress, elapsedMs: number): Speed {
  if (elapsedMs <= 0) return { rowsPerMs: 0, bytesPerMs: 0 };
  return {
    rowsPerMs: (now.rowsDone - first.rowsDone) / elapsedMs,
    bytesPerMs: (now.bytesDone - first.bytesDone) / elapsedMs,
  };
}

function text(
  options: Options,
  params: Params,
  progress: JobProgress,
  { rowsPerMs, bytesPerMs }: Speed,
): string {
  const { rowsDone, rowsEstimated, bytesDone } = progress;
  const rate = `${(bytesPerMs / 1_000).toFixed(1)} MB/s`;
  if (rowsEstimated === undefined) return `${count(rowsDone)} rows  ${size(bytesDone)}  ${rate}`;
  const percent = Math.floor(params.progress * 100);
  const left = rowsPerMs > 0 ? duration(Math.max(0, rowsEstimated - rowsDone) / rowsPerMs) : '…';
  const bar = cliProgress.Format.BarFormat(params.progress, options);
  return `${bar} ${percent}%  ${count(rowsDone)}/${count(rowsEstimated)} rows  ${rate}  ETA ${left}`;
}
