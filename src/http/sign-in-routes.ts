/** /sign-in and /sign-out: the token becomes a session in a cookie that no script can read. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { demandSameOrigin, type Access } from './access.ts';
import { HttpProblem } from './envelope.ts';
import { toText, type Html } from './pages/html.ts';
import { signInPage } from './pages/sign-in-page.ts';
import { endedSession } from './session.ts';

type Form = { readonly Body: Readonly<Record<string, string>> | undefined };

const FAILURES_A_MINUTE = 10;

export function addSignInRoutes(server: FastifyInstance, access: Access): void {
  const { sessions } = access;
  const mayFail = failureLimit();
  const config = { access: 'sign-in' } as const;

  server.get<{ Querystring: { next?: string } }>('/sign-in', { config }, async ({ query }, reply) => {
    if (!sessions) throw new HttpProblem(403, 'forbidden', 'nobody can sign in here: ADMIN_TOKEN is not set');
    return show(reply, 200, signInPage(ownPath(query.next)));
  });

  server.post<Form>('/sign-in', { config }, async (request, reply) => {
    if (!sessions) throw new HttpProblem(403, 'forbidden', 'nobody can sign in here: ADMIN_TOKEN is not set');
    demandSameOrigin(request);
    const { name = '', token = '', next } = request.body ?? {};
    if (!mayFail.isAllowed())
      return show(reply, 429, signInPage(ownPath(next), 'Too many wrong tokens: wait a minute.'));
    if (!access.isToken(token)) {
      mayFail.note();
      return show(reply, 401, signInPage(ownPath(next), 'That is not the token.'));
    }
    void reply.header('set-cookie', sessions.begin(name.trim() || 'somebody', isEncrypted(request)));
    return reply.redirect(ownPath(next), 303);
  });

  server.post('/sign-out', async (request, reply) => {
    access.demandActor(request);
    void reply.header('set-cookie', endedSession(isEncrypted(request)));
    return reply.redirect('/', 303);
  });
}

/** A path of this server, whatever was sent: nobody is led elsewhere from here. */
export function ownPath(next: string | undefined): string {
  if (next === undefined || !next.startsWith('/')) return '/';
  const url = URL.canParse(next, 'http://here') ? new URL(next, 'http://here') : undefined;
  return url?.host === 'here' ? `${url.pathname}${url.search}` : '/';
}

/** Guessing is slow, for all guessers together: a long token cannot be found that way. */
function failureLimit(): { isAllowed(): boolean; note(): void } {
  let recent: number[] = [];
  return {
    isAllowed: () => {
      recent = recent.filter((atMs) => atMs > Date.now() - 60_000);
      return recent.length < FAILURES_A_MINUTE;
    },
    note: () => void recent.push(Date.now()),
  };
}

/** Behind a proxy that ends TLS the connection to us is not encrypted, but the browser's is. */
function isEncrypted({ protocol, headers }: FastifyRequest): boolean {
  return protocol === 'https' || headers['x-forwarded-proto'] === 'https';
}

function show(reply: FastifyReply, status: number, page: Html): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(toText(page));
}
