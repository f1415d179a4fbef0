/** Sessions of people who signed in with the token: signed, self-contained, void once the token changes. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

const SESSION_COOKIE = 'pulse_session';
const LIFETIME_SECONDS = 12 * 3_600;
const MAX_NAME = 80;

/** Who signed in, and what a form of theirs must carry so that no other site can have made it. */
export type AdminSession = { readonly name: string; readonly formToken: string };

/** Issues and reads sessions under one token; every replica with the same token accepts them. */
export type Sessions = {
  /** The Set-Cookie header of a new session. */
  begin(name: string, secure: boolean): string;
  read(request: FastifyRequest): AdminSession | undefined;
};

/** Sessions last twelve hours from the sign-in, by the process's clock. */
export function createSessions(adminToken: string, nowMs: () => number = Date.now): Sessions {
  const sign = (purpose: string, text: string): string =>
    createHmac('sha256', adminToken).update(`${purpose}\n${text}`).digest('base64url');
  return {
    begin: (name, secure) => {
      const expires = Math.floor(nowMs() / 1_000) + LIFETIME_SECONDS;
      const payload = Buffer.from(JSON.stringify([name.slice(0, MAX_NAME), expires])).toString('base64url');
      return sessionCookie(`${payload}.${sign('session', payload)}`, LIFETIME_SECONDS, secure);
    },
    read: (request) => {
      const [payload = '', signature = ''] = (cookieOf(request) ?? '').split('.');
      if (!sameText(signature, sign('session', payload))) return undefined;
      const [name, expires] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [string, number];
      return expires * 1_000 > nowMs() ? { name, formToken: sign('form', payload) } : undefined;
    },
  };
}

/** The Set-Cookie header that ends a session. */
export function endedSession(secure: boolean): string {
  return sessionCookie('', 0, secure);
}

/** In a time that says nothing about where two texts of one length differ. */
export function sameText(a: string, b: string): boolean {
  const [first, second] = [Buffer.from(a), Buffer.from(b)];
  return first.length === second.length && timingSafeEqual(first, second);
}

function sessionCookie(value: string, maxAge: number, secure: boolean): string {
  return `${SESSION_COOKIE}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}

function cookieOf({ headers }: FastifyRequest): string | undefined {
  const cookies = (headers.cookie ?? '').split(/; */);
  return cookies.find((text) => text.startsWith(`${SESSION_COOKIE}=`))?.slice(SESSION_COOKIE.length + 1);
}
