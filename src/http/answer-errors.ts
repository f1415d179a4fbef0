/** Turns what goes wrong into an answer: JSON for programs, a page for people, and never the inside of the process. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { JobError } from '../job/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { wantsPage } from './access.ts';
import { failure, HttpProblem } from './envelope.ts';
import { problemPage } from './pages/problem-page.ts';

/** Answers unknown paths and every error a route throws. */
export function answerErrors(server: FastifyInstance, logger: Logger): void {
  server.setNotFoundHandler((request, reply) =>
    answer(request, reply, {
      status: 404,
      reason: 'not_found',
      message: `there is nothing at ${request.method} ${request.url.slice(0, 200)}`,
    }),
  );
  server.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const problem = problemOf(error);
    if (problem.status === 500)
      logger.error('HTTP request failed', { method: request.method, path: request.routeOptions.url, error });
    return answer(request, reply, problem);
  });
}

type Problem = {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly violations?: readonly string[];
};

function problemOf(error: Error & { statusCode?: number }): Problem {
  if (error instanceof HttpProblem)
    return {
      status: error.statusCode,
      reason: error.reason,
      message: error.message,
      violations: error.violations,
    };
  if (error.statusCode !== undefined && error.statusCode < 500)
    return { status: error.statusCode, reason: 'invalid_request', message: error.message };
  // What went wrong inside is for the log; whoever asks learns only whether to ask again.
  if (error instanceof JobError && error.outcome === 'transient')
    return { status: 503, reason: error.reason, message: 'not available right now: try again' };
  return {
    status: 500,
    reason: 'internal_error',
    message: 'this could not be answered: see the log of the worker',
  };
}

const TITLES: Readonly<Record<number, string>> = {
  401: 'Sign in first',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Not possible now',
  503: 'Not available',
};

function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, reason, message, violations = [] }: Problem,
): FastifyReply {
  if (!wantsPage(request)) return reply.code(status).send(failure(reason, message, violations));
  if (status === 401 && request.method === 'GET')
    return reply.redirect(`/sign-in?next=${encodeURIComponent(request.url)}`, 303);
  const text = violations.length > 1 ? violations.join('; ') : message;
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .send(problemPage(TITLES[status] ?? 'This did not work', text));
}
