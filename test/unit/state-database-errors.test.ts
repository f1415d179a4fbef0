// Database errors: which are repeated, which leave the outcome unknown, which are the database's fault, which are ours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QueryFailedError } from 'typeorm';
import { LeaseLostError, TransientError } from '../../src/job/errors.ts';
import { NoAnswerError } from '../../src/state/answer-in-time.ts';
import { asDatabaseError, databaseFault } from '../../src/state/database-errors.ts';
import { mayRepeat, pauseMs } from '../../src/state/repetition.ts';

function vendorError(code: string, message = 'vendor text', errno?: number): Error {
  return Object.assign(new Error(message), { code, ...(errno === undefined ? {} : { errno }) });
}

for (const [code, fault] of [
  ['ER_LOCK_DEADLOCK', 'rolled_back'],
  ['SQLITE_BUSY', 'rolled_back'],
  ['SQLITE_BUSY_SNAPSHOT', 'rolled_back'],
  ['ER_LOCK_WAIT_TIMEOUT', 'lock_wait'],
  ['PROTOCOL_CONNECTION_LOST', 'connection_lost'],
  ['ECONNRESET', 'connection_lost'],
  ['EPIPE', 'connection_lost'],
  ['ER_SERVER_SHUTDOWN', 'connection_lost'],
  ['ECONNREFUSED', 'unavailable'],
  ['ETIMEDOUT', 'unavailable'],
  ['ER_CON_COUNT_ERROR', 'unavailable'],
  ['ER_OPTION_PREVENTS_STATEMENT', 'unavailable'],
  ['ER_ACCESS_DENIED_ERROR', 'unavailable'],
  ['ER_NO_SUCH_TABLE', 'unavailable'],
  ['SQLITE_FULL', 'unavailable'],
  ['SQLITE_IOERR_WRITE', 'unavailable'],
  ['SQLITE_READONLY_DBMOVED', 'unavailable'],
  ['ER_DUP_ENTRY', 'duplicate'],
  ['SQLITE_CONSTRAINT_UNIQUE', 'duplicate'],
  ['ER_DATA_TOO_LONG', 'other'],
  ['SQLITE_ERROR', 'other'],
  ['', 'other'],
] as const) {
  test(`${code || 'an error without a code'} is ${fault}, wrapped by TypeORM or not`, () => {
    assert.equal(databaseFault(vendorError(code)), fault);
    assert.equal(databaseFault(new QueryFailedError('SELECT 1', [], vendorError(code))), fault);
  });
}

for (const errno of [1053, 1317, 1927, 2006, 2013, 3169, 4031])
  test(`error number ${errno} alone is a lost connection`, () => {
    assert.equal(databaseFault(vendorError('UNKNOWN_CODE', 'x', errno)), 'connection_lost');
  });

test('errors that drivers report by their text only are recognized', () => {
  const closed = `Can't add new command when connection is in closed state`;
  assert.equal(databaseFault(new Error(closed)), 'connection_lost');
  assert.equal(databaseFault(vendorError('SQLITE_ERROR', 'no such table: etl_jobs')), 'unavailable');
  assert.equal(databaseFault(new TypeError('The database connection is not open')), 'unavailable');
  assert.equal(databaseFault(new Error('Pool is closed.')), 'unavailable');
  assert.equal(databaseFault(undefined), 'other');
  assert.equal(databaseFault('text'), 'other');
});

test('the error passed on names the database, what it said and the mend, and keeps its cause', () => {
  const cause = new QueryFailedError('SELECT 1', [], vendorError('ECONNREFUSED', 'connect refused'));
  const error = asDatabaseError(cause, 'MySQL at db:3306, database etl') as TransientError;
  assert.ok(error instanceof TransientError);
  assert.equal(error.reason, 'database_unavailable');
  assert.equal(
    error.message,
    'MySQL at db:3306, database etl: connect refused; nothing listens there: start the database, or correct DB_HOST and DB_PORT',
  );
  assert.equal(error.cause, cause);
});

test('whatever goes wrong during COMMIT, the error says that the outcome is unknown', () => {
  for (const error of [vendorError('ECONNRESET'), new NoAnswerError(20_000)]) {
    const { message } = asDatabaseError(error, 'MySQL', true) as TransientError;
    assert.match(message, /whether it took effect must be read again/);
  }
});

test('errors that are none of the database’s pass unchanged', () => {
  for (const error of [new LeaseLostError('lost'), new Error('defect'), vendorError('ER_DUP_ENTRY')])
    assert.equal(asDatabaseError(error, 'MySQL'), error);
});

test('what was rolled back is repeated often, a lost connection once and never during COMMIT', () => {
  const deadlock = vendorError('ER_LOCK_DEADLOCK');
  assert.equal(mayRepeat(deadlock, 1, false), true);
  assert.equal(mayRepeat(deadlock, 39, true), true);
  assert.equal(mayRepeat(deadlock, 40, false), false);
  const lost = vendorError('ECONNRESET');
  assert.equal(mayRepeat(lost, 1, false), true);
  assert.equal(mayRepeat(lost, 2, false), false);
  assert.equal(mayRepeat(lost, 1, true), false);
  assert.equal(mayRepeat(new NoAnswerError(1), 1, false), false);
  assert.equal(mayRepeat(vendorError('ECONNREFUSED'), 1, false), false);
  assert.equal(mayRepeat(new Error('defect'), 1, false), false);
  assert.ok(pauseMs(1) < pauseMs(2));
  assert.equal(pauseMs(40), 250);
});
