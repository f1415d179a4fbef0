/** The codes with which BigQuery's APIs refuse, and the reason each one stands for. */
import type { Reason } from '../job/reason.ts';

/** Reasons of the REST API's error reasons; `notFound` is missing because it depends on what was looked for. Source: BigQuery documentation, "Error messages". */
export const REST_REASONS: Readonly<Record<string, Reason>> = {
  accessDenied: 'access_denied',
  authError: 'access_denied',
  backendError: 'warehouse_unavailable',
  badRequest: 'invalid_request',
  billingNotEnabled: 'access_denied',
  billingTierLimitExceeded: 'cost_limit',
  blocked: 'access_denied',
  bytesBilledLimitExceeded: 'cost_limit',
  duplicate: 'invalid_request',
  forbidden: 'access_denied',
  internalError: 'warehouse_unavailable',
  invalid: 'invalid_request',
  invalidQuery: 'invalid_request',
  invalidUser: 'access_denied',
  jobBackendError: 'warehouse_unavailable',
  jobInternalError: 'warehouse_unavailable',
  jobRateLimitExceeded: 'rate_limited',
  notImplemented: 'unsupported',
  quotaExceeded: 'quota_exceeded',
  rateLimitExceeded: 'rate_limited',
  resourceInUse: 'warehouse_unavailable',
  resourcesExceeded: 'invalid_request',
  responseTooLarge: 'invalid_request',
  stopped: 'warehouse_unavailable',
  tableUnavailable: 'warehouse_unavailable',
  timeout: 'warehouse_unavailable',
};

/** Status codes of gRPC by number. Source: google/rpc/code.proto. */
export const GRPC = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

/** Reasons of gRPC statuses; NOT_FOUND is missing because it depends on what was looked for. */
export const GRPC_REASONS: Readonly<Record<number, Reason>> = {
  [GRPC.cancelled]: 'warehouse_unavailable',
  [GRPC.unknown]: 'warehouse_unavailable',
  [GRPC.invalidArgument]: 'invalid_request',
  [GRPC.deadlineExceeded]: 'warehouse_unavailable',
  [GRPC.permissionDenied]: 'access_denied',
  [GRPC.resourceExhausted]: 'rate_limited',
  [GRPC.failedPrecondition]: 'invalid_request',
  [GRPC.aborted]: 'warehouse_unavailable',
  [GRPC.unimplemented]: 'unsupported',
  [GRPC.internal]: 'warehouse_unavailable',
  [GRPC.unavailable]: 'warehouse_unavailable',
  [GRPC.unauthenticated]: 'access_denied',
};
