/** Rows on their way: Arrow IPC messages, as a source gives them and a destination takes them. */

/** A bare Arrow IPC record-batch message (metadata and body, no schema, no end-of-stream marker). */
export type ArrowRows = { readonly recordBatch: Uint8Array; readonly rowCount: number };
