/** The filter behind ?organization=&reason=&before= of the dead letters, and the query that says it again. */
import { HttpProblem } from './envelope.ts';
import type { Query } from './job-filter.ts';

/** Which dead letters are listed, and from where on. */
export type DeadLetterListFilter = {
  readonly organizationId?: string | undefined;
  readonly reason?: string | undefined;
  readonly beforeId?: number | undefined;
};

/** Reads the filter; answers 400 to a page that cannot be. */
export function deadLetterFilter(query: Query): DeadLetterListFilter {
  const text = (name: string): string | undefined => [query[name] ?? []].flat()[0] || undefined;
  const before = text('before');
  if (before !== undefined && !/^[1-9]\d{0,15}$/.test(before))
    throw new HttpProblem(400, 'invalid_request', `before ${JSON.stringify(before)} is not an id`);
  return {
    organizationId: text('organization'),
    reason: text('reason'),
    beforeId: before === undefined ? undefined : Number(before),
  };
}

/** The query that asks for this filter, with its question mark; nothing where nothing is asked. */
export function deadLetterQuery({ organizationId, reason, beforeId }: DeadLetterListFilter): string {
  const entries = Object.entries({ organization: organizationId, reason, before: beforeId?.toString() });
  const query = new URLSearchParams(
    entries.filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return query.size === 0 ? '' : `?${query.toString()}`;
}
