/** The routes that act; a form of the pages is led back to where it came from, a program gets JSON. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Access, Actor } from './access.ts';
import {
  cancelJob,
  pauseEverything,
  pauseOrganization,
  retryJob,
  type Done,
  type PublishJob,
} from './act.ts';
import { success } from './envelope.ts';
import type { ReplayableState } from '../worker/replay-dead-letter.ts';
import { replayLetter } from './replay-letter.ts';
import { ownPath } from './sign-in-routes.ts';

type Job = { readonly Params: { readonly organization: string; readonly job: string } };
type Letter = { readonly Params: { readonly id: string } };
type Organization = { readonly Params: { readonly organization: string } };

export type ActionSources = {
  readonly state: ReplayableState;
  readonly access: Access;
  readonly publishJob: PublishJob;
};

export function addActionRoutes(server: FastifyInstance, { state, access, publishJob }: ActionSources): void {
  const act = async (
    request: FastifyRequest,
    reply: FastifyReply,
    change: (actor: Actor) => Promise<Done>,
  ): Promise<FastifyReply> => answer(request, reply, await change(access.demandActor(request)));

  server.post<Job>('/api/jobs/:organization/:job/retry', (request, reply) =>
    act(request, reply, (actor) => retryJob(state, publishJob, keyOf(request.params), actor)),
  );
  server.post<Job>('/api/jobs/:organization/:job/cancel', (request, reply) =>
    act(request, reply, (actor) => cancelJob(state, keyOf(request.params), actor)),
  );
  server.post<Letter>('/api/dead-letters/:id(^[1-9][0-9]{0,15}$)/replay', (request, reply) =>
    act(request, reply, (actor) => replayLetter(state, publishJob, Number(request.params.id), actor)),
  );
  for (const change of ['pause', 'resume'] as const) {
    server.post(`/api/organizations/${change}`, (request, reply) =>
      act(request, reply, (actor) => pauseEverything(state, change, actor)),
    );
    server.post<Organization>(`/api/organizations/:organization/${change}`, (request, reply) =>
      act(request, reply, (actor) => pauseOrganization(state, request.params.organization, change, actor)),
    );
  }
}

/** Forms arrive as browsers send them; fastify knows only JSON by itself. */
export function readForms(server: FastifyInstance): void {
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, parsed) => parsed(null, Object.fromEntries(new URLSearchParams(body.toString()))),
  );
}

/** Whether the request is a form of the pages. */
function isForm({ headers }: FastifyRequest): boolean {
  return (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
}

function answer(request: FastifyRequest, reply: FastifyReply, { word, message }: Done): FastifyReply {
  if (!isForm(request)) return reply.send(success(message, { done: word }));
  const { next } = request.body as { next?: string };
  const path = ownPath(next);
  return reply.redirect(`${path}${path.includes('?') ? '&' : '?'}done=${word}`, 303);
}

function keyOf({ organization, job }: Job['Params']) {
  return { organizationId: organization, jobId: job };
}
