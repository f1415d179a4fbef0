// One AppendRows connection to one write stream: record batches go in at explicit offsets, every answer is checked.
import type { protos, v1 } from '@google-cloud/bigquery-storage';
import type { BillingExportBatch } from './batch-builder.ts';

type AppendRowsRequest = protos.google.cloud.bigquery.storage.v1.IAppendRowsRequest;
type AppendRowsResponse = protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse;

/** Appends sent ahead of their answers: enough to keep both sides busy, and a bound to what waits in memory. */
const APPENDS_IN_FLIGHT = 4;

/** Ends a connection whose server stopped answering; far longer than the largest generated load takes. */
const CONNECTION_TIMEOUT_MS = 1_800_000;

/**
 * Appends the batches to the stream from offset 0 on and resolves to the number of rows once all are acknowledged. Rejects
 * on the first error, in-band errors and row errors included.
 */
export async function appendBatches(
  client: v1.BigQueryWriteClient,
  writeStream: string,
  serializedSchema: Buffer,
  batches: Iterable<BillingExportBatch>,
): Promise<number> {
  const headers = { 'x-goog-request-params': `write_stream=${encodeURIComponent(writeStream)}` };
  const connection = client.appendRows({ timeout: CONNECTION_TIMEOUT_MS, otherArgs: { headers } });
  // Errors reach us through the iterator; without a listener a late one, such as our own cancellation, would end the process.
  connection.on('error', () => undefined);
  const answers = connection[Symbol.asyncIterator]() as AsyncIterator<AppendRowsResponse>;
  const unanswered: number[] = [];
  let offset = 0;
  try {
    for (const { serializedRecordBatch, rowCount } of batches) {
      const rows = { serializedRecordBatch, rowCount };
      // The schema belongs into the first request of a connection only.
      const arrowRows = offset === 0 ? { writerSchema: { serializedSchema }, rows } : { rows };
      const request: AppendRowsRequest = { writeStream, offset: { value: offset }, arrowRows };
      connection.write(request);
      unanswered.push(offset);
      offset += rowCount;
      if (unanswered.length === APPENDS_IN_FLIGHT) checkAnswer(await answers.next(), unanswered.shift());
    }
    while (unanswered.length > 0) checkAnswer(await answers.next(), unanswered.shift());
    connection.end();
    const surplus = await answers.next();
    if (surplus.done !== true) throw new Error('it answered more often than it was asked');
    return offset;
  } catch (error) {
    connection.cancel();
    throw new Error(`Appending to ${writeStream} failed: ${String(error)}`, { cause: error });
  }
}

function checkAnswer(answer: IteratorResult<AppendRowsResponse>, offset: number | undefined): void {
  if (answer.done === true) throw new Error(`the connection ended before offset ${offset} was acknowledged`);
  const { error, rowErrors, appendResult } = answer.value;
  if (error) throw new Error(`offset ${offset} was refused with code ${error.code}: ${error.message}`);
  if (rowErrors && rowErrors.length > 0) {
    throw new Error(`offset ${offset} has ${rowErrors.length} bad rows, the first: ${rowErrors[0]?.message}`);
  }
  const acknowledged = appendResult?.offset?.value;
  if (acknowledged === undefined || acknowledged === null || Number(acknowledged) !== offset) {
    throw new Error(`offset ${offset} was acknowledged as ${String(acknowledged)}`);
  }
}
