/** The form of every JSON body. Source: spec.md §7, Response bodies. */

export type SuccessBody = { readonly status: 'success'; readonly message: string; readonly data: unknown };
export type ErrorBody = {
  readonly status: 'error';
  readonly message: string;
  readonly error: {
    readonly reason: string;
    readonly message: string;
    readonly violations: readonly string[];
  };
};

export function success(message: string, data: unknown): SuccessBody {
  return { status: 'success', message, data };
}

export function failure(reason: string, message: string, violations: readonly string[] = []): ErrorBody {
  return { status: 'error', message, error: { reason, message, violations } };
}

/** Thrown by a route to answer with an error body. */
export class HttpProblem extends Error {
  readonly statusCode: number;
  readonly reason: string;
  readonly violations: readonly string[];

  constructor(statusCode: number, reason: string, message: string, violations: readonly string[] = []) {
    super(message);
    this.name = 'HttpProblem';
    this.statusCode = statusCode;
    this.reason = reason;
    this.violations = violations;
  }
}
