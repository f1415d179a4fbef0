/** A line at the end of a terminal that is drawn again and again while a command works. */
import { Writable } from 'node:stream';
import cliProgress from 'cli-progress';
import type { CliIo, Output } from './cli-io.ts';

/** A line that is being drawn; stop() takes it away, and is safe to repeat. */
export type LiveLine = { stop(): void };

export type Screen = {
  /** The stderr to write to: what is written stands above the live line, which stays whole. */
  readonly stderr: Output;
  /** Draws what text gives for so many columns; nothing where stderr is no terminal. At most one line at a time. */
  startLine(text: (columns: number) => string): LiveLine;
};

/** Stderr of a command, so that stdout can be piped while a line is live. */
export function openScreen({ stderr, env }: CliIo): Screen {
  if (stderr.isTTY !== true || env['TERM'] === 'dumb') return { stderr, startLine: () => NO_LINE };
  let drawn: ReturnType<typeof drawLine> | undefined;
  const above = new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _, done) => {
      drawn?.hide();
      stderr.write(chunk);
      drawn?.show();
      done();
    },
  });
  return {
    stderr: Object.defineProperties(above, {
      isTTY: { value: true },
      columns: { get: () => stderr.columns },
    }),
    startLine: (text) => {
      const line = drawLine(text, stderr);
      drawn = line;
      line.show();
      return {
        stop: () => {
          if (drawn !== line) return;
          drawn = undefined;
          line.hide();
        },
      };
    },
  };
}

/** The line of a command that shows none. */
export const NO_LINE: LiveLine = { stop: () => undefined };

/** The last column stays free: a terminal would begin a new line there. */
function drawLine(text: (columns: number) => string, stderr: Output): { show(): void; hide(): void } {
  const bar = new cliProgress.SingleBar({
    stream: stderr,
    format: () => text((stderr.columns ?? 80) - 1),
    fps: 5,
    clearOnComplete: true,
    // A command that is killed cannot give these back.
    hideCursor: false,
    linewrap: true,
    // Ctrl-C is the command's to handle.
    gracefulExit: false,
  });
  return { show: () => bar.start(1, 0), hide: () => bar.stop() };
}
