/** Appends rows to one write stream at explicit offsets, in order, through as many connections as it takes. */
import { TransientError } from '../job/errors.ts';
import type { ArrowRows } from '../columnar/arrow-rows.ts';
import type { AppendOutcome, StreamWriter } from '../etl/destination.ts';
import { readAnswer, readBreak, type AppendAnswer, type AppendRowsResponse } from './append-answer.ts';
import { openAppendConnection, type AppendConnection } from './append-connection.ts';
import type { Environment } from './environment.ts';
import { briefDelayMs } from './retry.ts';

/** Longest wait for the answer to the oldest append. */
const ANSWER_TIMEOUT_MS = 60_000;
/** Failures in a row, without a single answer that settles an append, before the service counts as unavailable. */
const MAX_FAILURES = 10;

type Append = {
  readonly rows: ArrowRows;
  readonly offset: number;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: Error) => void;
};

/** What every append from now on gets: the stream, or this writer, is over. */
type End = Exclude<AppendAnswer, { kind: 'acknowledged' | 'out_of_range' }>;

/** Opens a writer for a stream; it connects at the first append. */
export function openStreamWriter(
  environment: Environment,
  stream: string,
  arrowSchema: Uint8Array,
): StreamWriter {
  return new StorageWriter(environment, stream, arrowSchema);
}

class StorageWriter implements StreamWriter {
  readonly #environment: Environment;
  readonly #stream: string;
  readonly #arrowSchema: Uint8Array;
  /** In the order of their offsets; the first `#sent` of them went out on the current connection. */
  readonly #unanswered: Append[] = [];
  #sent = 0;
  #connection: AppendConnection | undefined;
  #full = false;
  #backingOff = false;
  #failures = 0;
  #answerDue = new AbortController();
  #end: End | undefined;

  constructor(environment: Environment, stream: string, arrowSchema: Uint8Array) {
    this.#environment = environment;
    this.#stream = stream;
    this.#arrowSchema = arrowSchema;
  }

  append(rows: ArrowRows, offset: number): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      const append = { rows, offset, resolve, reject };
      if (this.#end) {
        settle(append, this.#end);
        return;
      }
      this.#unanswered.push(append);
      this.#sendWhatIsLeft();
    });
  }

  close(): void {
    const message = `the writer of ${this.#stream} was closed before the append was answered`;
    this.#finish({ kind: 'failed', error: new TransientError('warehouse_unavailable', message) });
  }

  #sendWhatIsLeft(): void {
    if (this.#backingOff || this.#end || this.#sent === this.#unanswered.length) return;
    const connection = (this.#connection ??= this.#connect());
    for (; !this.#full; this.#sent += 1) {
      const append = this.#unanswered[this.#sent];
      if (!append) break;
      if (this.#sent === 0) this.#expectAnswer();
      this.#full = !connection.send(append.rows, append.offset);
    }
  }

  #connect(): AppendConnection {
    return openAppendConnection(this.#environment, this.#stream, this.#arrowSchema, {
      answered: (response) => this.#answered(response),
      drained: () => {
        this.#full = false;
        this.#sendWhatIsLeft();
      },
      broken: (error) => this.#broken(error),
    });
  }

  #answered(response: AppendRowsResponse): void {
    const append = this.#sent > 0 ? this.#unanswered[0] : undefined;
    if (!append) return;
    if (response.updatedSchema)
      this.#environment.note(`the schema of the table of ${this.#stream} has changed`);
    this.#take(readAnswer(this.#environment, this.#described(append), response));
  }

  /** What broke the connection is the answer to the oldest append; an idle connection is simply made again when needed. */
  #broken(error: unknown): void {
    this.#disconnect();
    const [append] = this.#unanswered;
    if (!append) return;
    this.#sent = 1;
    this.#take(readBreak(this.#environment, this.#described(append), error));
    this.#sent = 0;
    this.#sendWhatIsLeft();
  }

  #take(answer: AppendAnswer): void {
    if (answer.kind === 'again') {
      this.#tryAgain(answer.error);
    } else if (answer.kind === 'acknowledged' || answer.kind === 'out_of_range') {
      this.#failures = 0;
      this.#sent -= 1;
      this.#unanswered.shift()?.resolve(answer);
      this.#expectAnswer();
    } else {
      this.#finish(answer);
    }
  }

  /** Answers are matched by their order alone, so after any doubt the connection goes and all that is unanswered is sent anew. */
  #tryAgain(error: TransientError): void {
    this.#disconnect();
    this.#failures += 1;
    if (this.#failures === MAX_FAILURES) {
      this.#finish({ kind: 'failed', error });
      return;
    }
    this.#backingOff = true;
    const { clock, random } = this.#environment;
    void clock.sleep(briefDelayMs(this.#failures, random)).then(() => {
      this.#backingOff = false;
      this.#sendWhatIsLeft();
    });
  }

  #expectAnswer(): void {
    this.#answerDue.abort();
    this.#answerDue = new AbortController();
    const { signal } = this.#answerDue;
    if (this.#unanswered.length === 0) return;
    void this.#environment.clock.sleep(ANSWER_TIMEOUT_MS, signal).then(() => {
      if (!signal.aborted) this.#tryAgain(this.#silence());
    });
  }

  #silence(): TransientError {
    const { storageHost } = this.#environment;
    return new TransientError(
      'warehouse_unavailable',
      `BigQuery (${storageHost}) did not answer an append to ${this.#stream} within ${ANSWER_TIMEOUT_MS / 1000} s`,
    );
  }

  #disconnect(): void {
    this.#answerDue.abort();
    this.#connection?.close();
    this.#connection = undefined;
    this.#sent = 0;
    this.#full = false;
  }

  #finish(end: End): void {
    this.#end ??= end;
    this.#disconnect();
    for (const append of this.#unanswered.splice(0)) settle(append, this.#end);
  }

  #described({ rows, offset }: Append): { stream: string; offset: number; rowCount: number } {
    return { stream: this.#stream, offset, rowCount: rows.rowCount };
  }
}

function settle({ resolve, reject }: Append, end: End): void {
  if (end.kind === 'stream_lost') resolve(end);
  else reject(end.error);
}
