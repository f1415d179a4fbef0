/** What is worked out once per read session, for all rows that will be copied from it. */
import { TerminalError } from '../job/errors.ts';
import { LINEAGE_FIELDS } from '../job/table-schema.ts';
import { readColumn } from './arrow-field.ts';
import { MICROSECOND } from './arrow-type.ts';
import { bufferCount, columnNodes, nodeAt, type ColumnNode } from './column-node.ts';
import { MESSAGE, readIpcMessage, HEADER, type IpcMessage } from './ipc-message.ts';
import { recordBatchMetadata, type Pair } from './message-metadata.ts';
import { summation, type Summation, type VerifiedColumns } from './summation.ts';
import { SCHEMA, writerSchema } from './writer-schema.ts';

/** How rows of one schema are read, added up and written. */
export type CopyLayout = {
  /** Bare schema message of the rows as they are written, lineage columns included. */
  readonly writerSchema: Uint8Array;
  /** Arrow's metadata version, the source's own. */
  readonly version: number;
  readonly nodes: readonly ColumnNode[];
  readonly cursor: ColumnNode;
  /** Value of `_etl_job_id`, in UTF-8. */
  readonly lineage: Uint8Array;
  /** Length of every record batch's metadata. */
  readonly metadataBytes: number;
  readonly summation: Summation;
};

/** What a layout is worked out from. */
export type CopyLayoutOptions = {
  /** Bare Arrow IPC schema message; what follows it is ignored. */
  readonly arrowSchema: Uint8Array;
  readonly cursorField: string;
  readonly lineage: string;
  readonly verify: VerifiedColumns;
};

/** Throws TerminalError('unsupported') for an Arrow type it does not know, naming the column. */
export function copyLayout(options: CopyLayoutOptions): CopyLayout {
  const source = readIpcMessage(options.arrowSchema, HEADER.schema);
  if (source.header.int16(SCHEMA.endianness) !== 0)
    throw new TerminalError(
      'unsupported',
      'the source sends big-endian Arrow data, which no column can be copied from',
    );
  const nodes = nodesOf(source);
  refuseLineageColumns(nodes);
  const version = source.message.int16(MESSAGE.version);
  return {
    writerSchema: writerSchema(source),
    version,
    nodes,
    cursor: cursorNode(nodes, options.cursorField),
    lineage: Buffer.from(options.lineage, 'utf8'),
    metadataBytes: metadataBytes(version, nodes),
    summation: summation(nodes, options.verify),
  };
}

/** What is added up of rows that are read to be transformed. */
export type ReadLayout = Pick<CopyLayout, 'nodes' | 'cursor' | 'summation'>;

/** As copyLayout, for rows that are not written as they are. */
export function readLayout({
  arrowSchema,
  cursorField,
  verify,
}: Omit<CopyLayoutOptions, 'lineage'>): ReadLayout {
  const nodes = nodesOf(readIpcMessage(arrowSchema, HEADER.schema));
  return { nodes, cursor: cursorNode(nodes, cursorField), summation: summation(nodes, verify) };
}

/** The columns that a schema message announces. */
export function nodesOf(schema: IpcMessage): ColumnNode[] {
  return columnNodes(schema.header.tables(SCHEMA.fields).map(readColumn));
}

function cursorNode(nodes: readonly ColumnNode[], cursorField: string): ColumnNode {
  const node = nodeAt(nodes, cursorField);
  if (!node) throw new TerminalError('unsupported', `the source sends no column ${cursorField}, the cursor`);
  const { kind } = node.meaning;
  const instant =
    kind === 'date32' || (node.meaning.kind === 'timestamp' && node.meaning.unit === MICROSECOND);
  if (node.parent || !instant)
    throw new TerminalError(
      'unsupported',
      `cursor column ${cursorField} is no TIMESTAMP, DATETIME or DATE column; choose another with org set --cursor-field`,
    );
  return node;
}

function refuseLineageColumns(nodes: readonly ColumnNode[]): void {
  for (const { name } of LINEAGE_FIELDS)
    if (nodeAt(nodes, name))
      throw new TerminalError(
        'unsupported',
        `the source has a column ${name} itself, which every copy adds; copy from the table it was copied from`,
      );
}

function metadataBytes(version: number, nodes: readonly ColumnNode[]): number {
  const zeros = (length: number): Pair[] => Array.from({ length }, () => [0, 0]);
  // _etl_job_id has validity, offsets and data, _etl_cursor validity and values.
  const fields = zeros(nodes.length + 2);
  const buffers = zeros(bufferCount(nodes) + 5);
  return recordBatchMetadata({ version, rowCount: 0, fields, buffers, bodyBytes: 0 }).length;
}
