/** One read stream on its way through a module: slice by slice, with samples made twice. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ArrowRows } from '../../../columnar/arrow-rows.ts';
import type { MadeRows } from '../../../columnar/made-rows.ts';
import { TerminalError, TransientError } from '../../../job/errors.ts';
import type { FoundModule, StartedModule } from './modules.ts';
import type { SliceRequest, TransformedSlice, TransformWork } from './thread-messages.ts';
import { ThreadHung } from './transform-thread.ts';

/** What a stream's rows go through. */
export type ModuleStreamOptions = {
  readonly module: FoundModule;
  /** The module's version at planning: another one makes other rows. */
  readonly version: string;
  readonly work: TransformWork;
  readonly signal?: AbortSignal;
  /** Decides which slices are made twice: equal for equal seeds. */
  readonly seed: string;
};

/** Rows given to the module at once; a thread holds what it makes of one slice at a time. */
const SLICE_ROWS = 256;
/** One slice in so many is made twice, besides the first. */
const SAMPLE_OF = 64;
/** So far ahead runs the clock at the second time: another year, month, weekday, hour and minute. */
const AHEAD_MS = ((400 * 24 + 5) * 60 + 7) * 60_000 + 11_003;

/** What the module makes of the rows, slice by slice; closes what it started when it ends. */
export async function* moduleStream(
  incoming: AsyncIterable<ArrowRows>,
  firstRow: number,
  options: ModuleStreamOptions,
): AsyncGenerator<MadeRows> {
  let started: StartedModule | undefined;
  try {
    let at = firstRow;
    for await (const message of incoming) {
      started ??= await begun(options);
      for (let start = 0; start < message.rowCount; start += SLICE_ROWS) {
        const end = Math.min(start + SLICE_ROWS, message.rowCount);
        const request: SliceRequest = { kind: 'transform', start, end, firstRow: at, oneByOne: false };
        const slice = await transformed(
          started,
          start === 0 ? { ...request, message } : request,
          message,
          options,
        );
        if (isSampled(options, at + start)) await assertSameAgain({ ...request, message }, slice, options);
        yield { ...slice, message, start };
      }
      at += message.rowCount;
    }
  } finally {
    await started?.close();
  }
}

async function begun(
  { work, module, version, signal }: ModuleStreamOptions,
  aheadMs = 0,
): Promise<StartedModule> {
  const started = module.start({ aheadMs, ...(signal && { signal }) });
  try {
    const found = await started.begin(work);
    if (found === version) return started;
    throw new TransientError(
      'transform_changed',
      `${module.path} has changed since the job was planned; the next attempt plans anew`,
    );
  } catch (error) {
    await started.close();
    if (!(error instanceof ThreadHung)) throw error;
    throw new TerminalError(
      'transform_failed',
      `${module.path} is not loaded after ${seconds(module)}; correct the module`,
    );
  }
}

async function transformed(
  started: StartedModule,
  request: SliceRequest,
  message: ArrowRows,
  options: ModuleStreamOptions,
): Promise<TransformedSlice> {
  try {
    return await started.transform(request);
  } catch (error) {
    if (!(error instanceof ThreadHung)) throw error;
    await started.close();
    throw await hungAt({ ...request, message }, options);
  }
}

/** The rows are given again one by one, to a module started anew, to name the one that the module does not come back from. */
async function hungAt(request: SliceRequest, options: ModuleStreamOptions): Promise<TerminalError> {
  const { transform, stream } = options.work;
  const { firstRow, start, end } = request;
  let rows = `one of the rows at offsets ${firstRow + start} to ${firstRow + end - 1}`;
  const started = await begun(options);
  try {
    await started.transform({ ...request, oneByOne: true });
  } catch (error) {
    if (!(error instanceof ThreadHung)) throw error;
    rows = `the row at offset ${firstRow + error.row}`;
  } finally {
    await started.close();
  }
  return new TerminalError(
    'transform_failed',
    `${transform} did not come back from ${rows} of read stream ${stream} within ${seconds(options.module)}; correct the module, or have it reject such rows`,
  );
}

function isSampled({ seed, work }: ModuleStreamOptions, readOffset: number): boolean {
  if (readOffset === 0 && work.stream === 0) return true;
  const [chance = 0] = createHash('sha256').update(`${seed} ${work.stream} ${readOffset}`).digest();
  return chance % SAMPLE_OF === 0;
}

/** A second time, started anew, row by row and at another time: whatever the rows depend on besides themselves shows. */
async function assertSameAgain(
  request: SliceRequest,
  slice: TransformedSlice,
  options: ModuleStreamOptions,
): Promise<void> {
  const started = await begun(options, AHEAD_MS);
  try {
    const again = await started.transform({ ...request, oneByOne: true });
    if (!isDeepStrictEqual(contentOf(again), contentOf(slice))) throw differs(request, slice, again, options);
  } catch (error) {
    if (error instanceof TerminalError && error.reason === 'transform_failed')
      throw differs(request, slice, undefined, options);
    if (!(error instanceof ThreadHung)) throw error;
    throw differs(request, slice, undefined, options);
  } finally {
    await started.close();
  }
}

function contentOf({ ends, rejectedEnds, rows, rejected }: TransformedSlice) {
  return [ends, rejectedEnds, rows?.recordBatch, rejected?.recordBatch];
}

function differs(
  { firstRow, start, end }: SliceRequest,
  slice: TransformedSlice,
  again: TransformedSlice | undefined,
  { work }: ModuleStreamOptions,
): TerminalError {
  const row = again
    ? slice.ends.findIndex(
        (count, i) => count !== again.ends[i] || slice.rejectedEnds[i] !== again.rejectedEnds[i],
      )
    : -1;
  const where =
    row === -1
      ? `one of the rows at offsets ${firstRow + start} to ${firstRow + end - 1}`
      : `the row at offset ${firstRow + start + row}`;
  return new TerminalError(
    'transform_not_deterministic',
    `${work.transform} made something else of ${where} of read stream ${work.stream} when it was given them a second time, alone and with the clock ahead; its rows may depend on the row alone, not on the time, on chance or on rows before it`,
  );
}

function seconds({ timeLimitMs }: FoundModule): string {
  return `${timeLimitMs / 1000} s`;
}
