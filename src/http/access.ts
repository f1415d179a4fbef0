/** Who may call which route: loopback reads freely, every other address needs token or session, and so does whoever acts. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isLoopback } from '../config/loopback.ts';
import { HttpProblem } from './envelope.ts';
import { createSessions, sameText, type Sessions } from './session.ts';

/** What a route says of itself; a route that says nothing is for readers who may see everything. */
export type RouteAccess = 'health' | 'metrics' | 'push' | 'sign-in';

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

/** Who acts, for the audit log. */
export type Actor = { readonly name: string };

/** The doors of one server. */
export type Access = {
  /** Undefined without ADMIN_TOKEN: nobody can sign in then. */
  readonly sessions: Sessions | undefined;
  isToken(presented: string): boolean;
  /** Whoever sent the token as Bearer, or a form of our own pages under a session; throws a HttpProblem that says what is missing. */
  demandActor(request: FastifyRequest): Actor;
};

/** Guards every route of the server, those that do not exist included. */
export function guardRoutes(server: FastifyInstance, rules: AccessRules): Access {
  const { adminToken } = rules;
  const sessions = adminToken === undefined ? undefined : createSessions(adminToken);
  server.addHook('onRequest', async (request, reply) => {
    if (isLoopback(rules.host) || isPublic(request, rules) || sessions?.read(request)) return;
    demandToken(request, reply, adminToken);
  });
  return {
    sessions,
    isToken: (presented) => adminToken !== undefined && sameSecret(presented, adminToken),
    demandActor: (request) => actorOf(request, adminToken, sessions),
  };
}

function isPublic(request: FastifyRequest, rules: AccessRules): boolean {
  const { access } = request.routeOptions.config;
  // It demands a token of its own, on loopback too.
  if (access === 'push') return true;
  if (access === 'sign-in') return rules.adminToken !== undefined;
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
  if (presented !== undefined && sameSecret(presented, adminToken)) return;
  // Basic lets a browser ask for the token: any user name, the token as password. Pages send people to the form instead.
  if (!wantsPage(request))
    void reply.header('www-authenticate', 'Basic realm="pulse-billing-etl", charset="UTF-8"');
  throw new HttpProblem(
    401,
    'unauthorized',
    'send the token of ADMIN_TOKEN as a Bearer token or Basic password, or sign in at /sign-in',
  );
}

/** A Basic password does not count here: browsers send it along with requests that other sites make. */
function actorOf(
  request: FastifyRequest,
  adminToken: string | undefined,
  sessions: Sessions | undefined,
): Actor {
  if (adminToken === undefined || sessions === undefined)
    throw new HttpProblem(
      403,
      'forbidden',
      'this page is read-only: set ADMIN_TOKEN to be able to act from here',
    );
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? [];
  if (bearer !== undefined && sameSecret(bearer, adminToken))
    return { name: `API token, from ${request.ip}` };
  const session = sessions.read(request);
  if (!session)
    throw new HttpProblem(
      401,
      'unauthorized',
      'sign in at /sign-in, or send the token of ADMIN_TOKEN as a Bearer token',
    );
  demandOwnForm(request, session.formToken);
  return { name: `${session.name} (status page)` };
}

/** Refuses what another site made this browser send: the form must come from our origin and carry the session's token. */
export function demandSameOrigin({ headers }: FastifyRequest): void {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  const foreign = site !== undefined && site !== 'same-origin';
  if (foreign || origin === undefined || hostOf(origin) !== host)
    throw new HttpProblem(
      403,
      'forbidden',
      'this form did not come from this page: open the page itself and try again',
    );
}

function demandOwnForm(request: FastifyRequest, formToken: string): void {
  demandSameOrigin(request);
  const body = request.body as Readonly<Record<string, unknown>> | undefined;
  const sent = body?.['form_token'];
  if (typeof sent === 'string' && sameText(sent, formToken)) return;
  throw new HttpProblem(403, 'forbidden', 'the form is too old: load the page again and repeat what you did');
}

/** Whether a browser asks for a page, as opposed to a program that asks for JSON. */
export function wantsPage({ headers, url }: FastifyRequest): boolean {
  return (headers.accept ?? '').includes('text/html') && !url.startsWith('/metrics');
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function presentedToken(authorization: string | undefined): string | undefined {
  const [, scheme, value] = /^(Bearer|Basic) +(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (scheme === undefined || value === undefined) return undefined;
  if (scheme.toLowerCase() === 'bearer') return value;
  const credentials = Buffer.from(value, 'base64').toString();
  return credentials.slice(credentials.indexOf(':') + 1);
}

/** In a time that says nothing about where the texts differ, nor about their lengths. */
function sameSecret(a: string, b: string): boolean {
  const [first, second] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(first as Buffer, second as Buffer);
}
