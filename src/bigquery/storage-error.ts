/** Finds the Storage API's own error codes behind a gRPC status, where it says what exactly was wrong with a stream. */
import { protos } from '@google-cloud/bigquery-storage';

type StorageErrorProto = protos.google.cloud.bigquery.storage.v1.IStorageError;
const { StorageError } = protos.google.cloud.bigquery.storage.v1;

/** Name of a StorageErrorCode, such as `STREAM_NOT_FOUND`. */
export type StorageErrorCode = keyof typeof StorageError.StorageErrorCode;

const STORAGE_ERROR_TYPE = 'type.googleapis.com/google.cloud.bigquery.storage.v1.StorageError';
const STATUS_DETAILS_KEY = 'grpc-status-details-bin';

type Detail = { readonly type_url?: string | null; readonly value?: Uint8Array | string | null };
type WithMetadata = { readonly metadata?: { get(key: string): readonly unknown[] } };

/** The code among the details of a google.rpc.Status, or undefined when they hold none. */
export function storageErrorCodeIn(
  details: readonly Detail[] | null | undefined,
): StorageErrorCode | undefined {
  const detail = details?.find(({ type_url: type, value }) => type === STORAGE_ERROR_TYPE && value);
  if (!detail?.value) return undefined;
  const bytes = typeof detail.value === 'string' ? Buffer.from(detail.value, 'base64') : detail.value;
  try {
    return storageErrorCode(StorageError.decode(bytes));
  } catch {
    // Details only refine the status; ones that cannot be read leave the status as it is.
    return undefined;
  }
}

/** The code that ended a call or a stream, read from its trailing metadata; undefined when the server sent none. */
export function storageErrorCodeOf(thrown: unknown): StorageErrorCode | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const [encoded] = (thrown as WithMetadata).metadata?.get(STATUS_DETAILS_KEY) ?? [];
  if (!(encoded instanceof Uint8Array)) return undefined;
  try {
    return storageErrorCodeIn(protos.google.rpc.Status.decode(encoded).details);
  } catch {
    return undefined;
  }
}

/** The code's name, whether the client delivered it as a name or as a number. */
export function storageErrorCode({ code }: StorageErrorProto): StorageErrorCode {
  const name = typeof code === 'number' ? StorageError.StorageErrorCode[code] : code;
  return (name ?? 'STORAGE_ERROR_CODE_UNSPECIFIED') as StorageErrorCode;
}
