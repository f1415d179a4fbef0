// Known-bad ways to write and to count.
import type { AppendOutcome, Destination, StreamWriter } from '../../../src/etl/destination.ts';
import type { Variant } from '../replica.ts';

/** Whatever the service answers to an append, in band, counts as acknowledged. */
export const inBandErrorIgnored: Variant = {
  name: 'an in-band append error is ignored',
  destination: (real) =>
    withWriter(real, (writer) => ({
      ...writer,
      append: async (rows, offset) => {
        await writer.append(rows, offset);
        return { kind: 'acknowledged' };
      },
    })),
};

/** A finalized stream is believed to hold what was sent to it. */
export const noFinalizedCount: Variant = {
  name: 'finalized rows are not counted',
  destination: (real, { shared }) => ({
    ...withWriter(real, (writer, stream) => ({
      ...writer,
      append: async (rows, offset): Promise<AppendOutcome> => {
        const outcome = await writer.append(rows, offset);
        const end = Math.max(Number(shared.get(stream) ?? 0), offset + rows.rowCount);
        if (outcome.kind === 'acknowledged') shared.set(stream, end);
        return outcome;
      },
    })),
    finalizeWriteStream: async (stream) => {
      const found = await real.finalizeWriteStream(stream);
      return found.kind === 'missing'
        ? found
        : { kind: 'finalized', rows: Number(shared.get(stream) ?? found.rows) };
    },
  }),
};

function withWriter(
  real: Destination,
  change: (writer: StreamWriter, stream: string) => StreamWriter,
): Destination {
  return { ...real, openWriter: (stream, schema) => change(real.openWriter(stream, schema), stream) };
}
