import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  classifyGrpcError,
  classifyJobFailure,
  classifyRestError,
  type FailedCall,
} from '../../src/bigquery/errors.ts';
import { GRPC } from '../../src/bigquery/error-reasons.ts';
import { REASONS, type Reason } from '../../src/job/reason.ts';

const source: FailedCall = { doing: 'reading', side: 'source', host: 'host:1', hostVariable: 'THE_HOST' };
const destination: FailedCall = { ...source, side: 'destination' };

function restError(status: number, reason: string | undefined, message = 'a message'): object {
  const errors = reason === undefined ? [] : [{ reason, message }];
  return Object.assign(new Error(message), { code: status, errors });
}

function grpcError(code: number, message = 'a message'): object {
  return Object.assign(new Error(`${code} NAME: ${message}`), { code, details: message });
}

describe('what an error of BigQuery means for a job', () => {
  const restCases: [number, string | undefined, Reason][] = [
    [403, 'accessDenied', 'access_denied'],
    [401, 'authError', 'access_denied'],
    [401, undefined, 'access_denied'],
    [403, 'rateLimitExceeded', 'rate_limited'],
    [429, 'rateLimitExceeded', 'rate_limited'],
    [403, 'jobRateLimitExceeded', 'rate_limited'],
    [429, undefined, 'rate_limited'],
    [403, 'quotaExceeded', 'quota_exceeded'],
    [400, 'invalid', 'invalid_request'],
    [400, 'invalidQuery', 'invalid_request'],
    [400, 'bytesBilledLimitExceeded', 'cost_limit'],
    [400, undefined, 'invalid_request'],
    [500, 'internalError', 'warehouse_unavailable'],
    [503, 'backendError', 'warehouse_unavailable'],
    [502, undefined, 'warehouse_unavailable'],
    [501, 'notImplemented', 'unsupported'],
  ];
  for (const [status, reason, expected] of restCases) {
    it(`HTTP ${status} ${reason ?? 'without a reason'} is ${expected}`, () => {
      const error = classifyRestError(restError(status, reason), source);
      assert.equal(error.reason, expected);
      assert.equal(error.outcome, REASONS[expected]);
      assert.equal(error.message, 'while reading, BigQuery (host:1) said: a message');
    });
  }

  it('what is not found is the source or the destination, whichever was called', () => {
    for (const missing of [restError(404, 'notFound'), restError(404, undefined)]) {
      assert.equal(classifyRestError(missing, source).reason, 'source_not_found');
      assert.equal(classifyRestError(missing, destination).reason, 'destination_not_found');
    }
    assert.equal(classifyGrpcError(grpcError(GRPC.notFound), destination).reason, 'destination_not_found');
    assert.equal(classifyJobFailure({ reason: 'notFound' }, source).reason, 'source_not_found');
  });

  const grpcCases: [number, Reason][] = [
    [GRPC.unavailable, 'warehouse_unavailable'],
    [GRPC.internal, 'warehouse_unavailable'],
    [GRPC.aborted, 'warehouse_unavailable'],
    [GRPC.deadlineExceeded, 'warehouse_unavailable'],
    [GRPC.cancelled, 'warehouse_unavailable'],
    [GRPC.resourceExhausted, 'rate_limited'],
    [GRPC.permissionDenied, 'access_denied'],
    [GRPC.unauthenticated, 'access_denied'],
    [GRPC.invalidArgument, 'invalid_request'],
    [GRPC.unimplemented, 'unsupported'],
    [99, 'unknown'],
  ];
  for (const [code, expected] of grpcCases) {
    it(`gRPC status ${code} is ${expected}`, () => {
      assert.equal(classifyGrpcError(grpcError(code), source).reason, expected);
    });
  }

  it('some messages mean more than their code', () => {
    const buffered =
      'UPDATE or DELETE statement over table d.t would affect rows in the streaming buffer, which is not supported';
    assert.equal(
      classifyJobFailure({ reason: 'invalidQuery', message: buffered }, destination).reason,
      'recently_written',
    );
    const tooOld =
      'Invalid snapshot time 1601168925462 for table p:d.t@1601168925462. Cannot read before 1601573410026.';
    assert.equal(classifyRestError(restError(400, 'invalid', tooOld), source).reason, 'snapshot_expired');
    assert.equal(
      classifyGrpcError(grpcError(GRPC.invalidArgument, tooOld), source).reason,
      'snapshot_expired',
    );
    const expired =
      "there was an error operating on 'projects/p/…': session expired at 2026-01-01T00:00:00+00:00";
    assert.equal(
      classifyGrpcError(grpcError(GRPC.failedPrecondition, expired), source).reason,
      'stream_lost',
    );
    const limit = 'Query exceeded limit for bytes billed: 1000000. 10485760 or higher required.';
    assert.equal(classifyRestError(restError(400, 'invalid', limit), source).reason, 'cost_limit');
  });

  it('an unreachable host is named with the variable that leads to it', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED host:1'), { code: 'ECONNREFUSED' });
    for (const error of [
      classifyRestError(refused, source),
      classifyGrpcError(
        grpcError(GRPC.unavailable, 'No connection established. Last error: connect ECONNREFUSED'),
        source,
      ),
    ]) {
      assert.equal(error.reason, 'warehouse_unavailable');
      assert.match(error.message, /BigQuery at host:1 could not be reached while reading .*check THE_HOST/);
    }
    const { message } = classifyRestError(refused, { ...source, hostVariable: undefined });
    assert.match(message, /check the network/);
  });

  it('a connection that broke is transient', () => {
    const reset = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    assert.equal(classifyRestError(reset, source).reason, 'warehouse_unavailable');
  });

  it('credentials that could not be had are transient, revoked ones are not', () => {
    const plugin = 'Getting metadata from plugin failed with error: ';
    const unavailable = grpcError(GRPC.unauthenticated, `${plugin}network timeout at http://metadata`);
    assert.equal(classifyGrpcError(unavailable, source).reason, 'warehouse_unavailable');
    assert.equal(
      classifyGrpcError(grpcError(GRPC.unauthenticated, `${plugin}invalid_grant`), source).reason,
      'access_denied',
    );
    const none = new Error('Could not load the default credentials.');
    assert.equal(classifyRestError(none, source).reason, 'warehouse_unavailable');
  });

  it('what nobody knows is unknown, hence transient', () => {
    const error = classifyRestError(new Error('what is this'), source);
    assert.deepEqual([error.reason, error.outcome], ['unknown', 'transient']);
  });
});
