/** What a database error means: worth repeating, outcome unknown, database unavailable, or a defect of ours. */
import { TransientError } from '../job/errors.ts';

/**
 * - `rolled_back`: the server rolled the transaction back, or nothing of it began: run it again as a whole
 * - `lock_wait`: the server waited long and gave up the statement only: roll back, then run it again as a whole
 * - `connection_lost`: whatever was under way may or may not have happened
 * - `unavailable`: the database answers no, for now
 * - `duplicate`: a unique index refused a row
 * - `other`: none of the database's doing
 */
export type DatabaseFault =
  'rolled_back' | 'lock_wait' | 'connection_lost' | 'unavailable' | 'duplicate' | 'other';

// Names as mysql2 and better-sqlite3 report them in `code`.
const ROLLED_BACK = new Set([
  'ER_LOCK_DEADLOCK',
  'ER_CHECKREAD',
  'SQLITE_BUSY',
  'SQLITE_BUSY_SNAPSHOT',
  'SQLITE_BUSY_RECOVERY',
  'SQLITE_LOCKED',
]);
const CONNECTION_LOST = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ER_SERVER_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_SESSION_WAS_KILLED',
  'ER_CLIENT_INTERACTION_TIMEOUT',
  'ER_QUERY_INTERRUPTED',
  'CR_SERVER_GONE_ERROR',
  'CR_SERVER_LOST',
]);
const DUPLICATE = new Set(['ER_DUP_ENTRY', 'SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY']);
// Server errors that mysql2 knows by number only: connection killed, gone away, lost (MariaDB and client library).
const CONNECTION_LOST_NUMBERS = new Set([1053, 1317, 1927, 2006, 2013, 3169, 4031]);

const MEND: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: start the database, or correct DB_HOST and DB_PORT',
  ENOTFOUND: 'the host name is unknown: correct DB_HOST',
  EAI_AGAIN: 'the name server does not answer: check DNS, or give DB_HOST as an address',
  NO_ANSWER: 'look whether the database hangs, or has too few connections for DB_POOL_SIZE',
  ETIMEDOUT: 'no answer: check DB_HOST, DB_PORT and the firewall between here and there',
  EHOSTUNREACH: 'no route: check DB_HOST and the network',
  ENETUNREACH: 'no route: check DB_HOST and the network',
  ER_ACCESS_DENIED_ERROR: 'check DB_USER and DB_PASSWORD, and DB_SSL_CA where the server wants encryption',
  ER_SECURE_TRANSPORT_REQUIRED: 'the server wants encryption: set DB_SSL_CA',
  ER_DBACCESS_DENIED_ERROR: 'grant DB_USER all privileges on DB_NAME',
  ER_TABLEACCESS_DENIED_ERROR: 'grant DB_USER all privileges on DB_NAME',
  ER_BAD_DB_ERROR: 'create the database, or correct DB_NAME',
  ER_CON_COUNT_ERROR: 'too many connections: lower DB_POOL_SIZE or raise max_connections',
  ER_TOO_MANY_USER_CONNECTIONS: 'too many connections: lower DB_POOL_SIZE or raise max_user_connections',
  ER_USER_LIMIT_REACHED: 'too many connections: lower DB_POOL_SIZE or raise the limit of DB_USER',
  ER_OPTION_PREVENTS_STATEMENT: 'the server is read-only: point DB_HOST at the primary, or end read_only',
  ER_READ_ONLY_MODE: 'the server is read-only: point DB_HOST at the primary, or end read_only',
  ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION: 'the server is read-only: point DB_HOST at the primary',
  ER_RECORD_FILE_FULL: 'the disk of the database is full: make room',
  ER_DISK_FULL: 'the disk of the database is full: make room',
  ER_NO_SUCH_TABLE: 'the tables are missing: run `pulse-billing-etl migrate`',
  ER_BAD_FIELD_ERROR: 'the tables are older than this program: run `pulse-billing-etl migrate`',
  HANDSHAKE_SSL_ERROR: 'the encrypted connection failed: check DB_SSL_CA',
  HANDSHAKE_NO_SSL_SUPPORT: 'the server offers no encryption: unset DB_SSL_CA or enable it there',
  POOL_CLOSED: 'this process is shutting down',
  SQLITE_FULL: 'the disk is full: make room',
  SQLITE_CANTOPEN: 'check that the directory of SQLITE_PATH exists, or can be made, and may be written',
  SQLITE_READONLY: 'check that SQLITE_PATH and its directory may be written',
  SQLITE_PERM: 'check that SQLITE_PATH and its directory may be written',
  SQLITE_IOERR: 'check the disk that holds SQLITE_PATH',
  SQLITE_CORRUPT: 'the file is damaged: restore SQLITE_PATH from a backup',
  SQLITE_NOTADB: 'the file is no SQLite database: correct SQLITE_PATH',
  SQLITE_NO_TABLE: 'the tables are missing: run `pulse-billing-etl migrate`',
};

const CONSEQUENCE: Readonly<Record<DatabaseFault, string>> = {
  rolled_back: 'it stayed locked however often it was tried: look for a long transaction',
  lock_wait: 'it stayed locked however often it was tried: look for a long transaction',
  connection_lost: 'the connection broke: look whether the database was restarted',
  unavailable: '',
  duplicate: '',
  other: '',
};

/** What an error thrown by TypeORM or a driver means for the transaction it came from. */
export function databaseFault(error: unknown): DatabaseFault {
  const { code, errno, message } = vendorError(error);
  if (ROLLED_BACK.has(code)) return 'rolled_back';
  if (code === 'ER_LOCK_WAIT_TIMEOUT') return 'lock_wait';
  if (DUPLICATE.has(code)) return 'duplicate';
  if (CONNECTION_LOST.has(code) || CONNECTION_LOST_NUMBERS.has(errno)) return 'connection_lost';
  if (/connection is in closed state|connection is closed/i.test(message)) return 'connection_lost';
  return mendFor(code) === undefined ? 'other' : 'unavailable';
}

/** The error as the rest of the program knows it: a TransientError naming the database and the mend, or the error itself when it is none of the database's. */
export function asDatabaseError(error: unknown, database: string, committing = false): unknown {
  const fault = databaseFault(error);
  if (fault === 'other' || fault === 'duplicate') return error;
  const { code, message } = vendorError(error);
  const consequence = committing
    ? 'the connection broke during COMMIT, so whether it took effect must be read again'
    : (mendFor(code) ?? CONSEQUENCE[fault]);
  return new TransientError('database_unavailable', `${database}: ${message}; ${consequence}`, {
    cause: error,
  });
}

/** Whether a unique index refused a row. */
export function isDuplicate(error: unknown): boolean {
  return databaseFault(error) === 'duplicate';
}

function mendFor(code: string): string | undefined {
  // SQLite's extended codes begin with the plain one: SQLITE_IOERR_WRITE, SQLITE_READONLY_DBMOVED.
  return MEND[code] ?? (code.startsWith('SQLITE_') ? MEND[code.split('_').slice(0, 2).join('_')] : undefined);
}

function vendorError(error: unknown): { code: string; errno: number; message: string } {
  // TypeORM wraps what a driver throws in a QueryFailedError and keeps it as driverError.
  const driverError = (error as { driverError?: unknown } | null | undefined)?.driverError;
  const { code, errno, message } = Object(driverError ?? error) as {
    code?: unknown;
    errno?: unknown;
    message?: unknown;
  };
  const text = typeof message === 'string' ? message : String(error);
  return {
    code: codeOf(typeof code === 'string' ? code : '', text),
    errno: typeof errno === 'number' ? errno : 0,
    message: text,
  };
}

/** Gives a name to the errors that drivers report by their text only. */
function codeOf(code: string, message: string): string {
  if (/no such (table|column)|has no column named/.test(message)) return 'SQLITE_NO_TABLE';
  if (/\bmkdir '/.test(message)) return 'SQLITE_CANTOPEN';
  if (/pool is closed|database connection is not open/i.test(message)) return 'POOL_CLOSED';
  return code;
}
