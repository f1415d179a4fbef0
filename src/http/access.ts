/** Who may call which route: loopback reads freely, every other address needs the token or a public route. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isLoopback } from '../config/loopback.ts';
import { HttpProblem } from './envelope.ts';

/** What a route says of itself; a route that says nothing is for readers who may see everything. */
export type RouteAccess = 'health' | 'metrics';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess;
  }
}

export type AccessRules = {
  readonly host: string;
  readonly adminToken: string | undefined;
  readonly publicHealth: boolean;
  readonly publicMetrics: boolean;
};

/** Guards every route of the server, those that do not exist included. */
export function guardRoutes(server: FastifyInstance, rules: AccessRules): void {
  server.addHook('onRequest', async (request, reply) => {
    if (!isLoopback(rules.host) && !isPublic(request, rules)) demandToken(request, reply, rules.adminToken);
  });
}

function isPublic(request: FastifyRequest, rules: AccessRules): boolean {
  const { access } = request.routeOptions.config;
  return (access === 'health' && rules.publicHealth) || (access === 'metrics' && rules.publicMetrics);
}

function demandToken(request: FastifyRequest, reply: FastifyReply, adminToken: string | undefined): void {
  if (adminToken === undefined)
    throw new HttpProblem(
      403,
      'forbidden',
      'this is not served on an address others can reach: set ADMIN_TOKEN, or listen on 127.0.0.1',
    );
  const presented = presentedToken(request.headers.authorization);
  if (presented !== undefined && sameText(presented, adminToken)) return;
  // Basic lets a browser ask for the token: any user name, the token as password.
  void reply.header('www-authenticate', 'Basic realm="pulse-billing-etl", charset="UTF-8"');
  throw new HttpProblem(
    401,
    'unauthorized',
    'send the token of ADMIN_TOKEN as a Bearer token or Basic password',
  );
}

function presentedToken(authorization: string | undefined): string | undefined {
  const [, scheme, value] = /^(Bearer|Basic) +(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (scheme === undefined || value === undefined) return undefined;
  if (scheme.toLowerCase() === 'bearer') return value;
  const credentials = Buffer.from(value, 'base64').toString();
  return credentials.slice(credentials.indexOf(':') + 1);
}

/** In a time that says nothing about where the texts differ, nor about their lengths. */
function sameText(a: string, b: string): boolean {
  const [first, second] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(first as Buffer, second as Buffer);
}
