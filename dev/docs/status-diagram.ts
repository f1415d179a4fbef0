/** Renders the graph of job statuses as a Mermaid state diagram, and puts it between its markers in docs/job-lifecycle.md. */
import { isTerminal } from '../../src/job/job-status.ts';
import { JOB_STATUSES, type JobStatus } from '../../src/job/job.ts';

export const DIAGRAM_START = '<!-- status-graph:start -->';
export const DIAGRAM_END = '<!-- status-graph:end -->';

/** A fenced Mermaid block with one line for each allowed transition, from the first status to the terminal ones. */
export function statusDiagram(graph: Readonly<Record<JobStatus, readonly JobStatus[]>>): string {
  const transitions = JOB_STATUSES.flatMap((from) => graph[from].map((to) => `${from} --> ${to}`));
  const ends = JOB_STATUSES.filter(isTerminal).map((status) => `${status} --> [*]`);
  const lines = ['stateDiagram-v2', '[*] --> QUEUED', ...transitions, ...ends];
  return ['```mermaid', lines.join('\n  '), '```'].join('\n');
}

/** What stands between the markers, without the blank lines around it; undefined when a marker is missing. */
export function diagramIn(page: string): string | undefined {
  const [start, end] = [page.indexOf(DIAGRAM_START), page.indexOf(DIAGRAM_END)];
  return start < 0 || end < start ? undefined : page.slice(start + DIAGRAM_START.length, end).trim();
}

/** The page with this diagram between its markers; undefined when a marker is missing. */
export function withDiagram(page: string, diagram: string): string | undefined {
  if (diagramIn(page) === undefined) return undefined;
  const before = page.slice(0, page.indexOf(DIAGRAM_START));
  const after = page.slice(page.indexOf(DIAGRAM_END));
  return `${before}${DIAGRAM_START}\n\n${diagram}\n\n${after}`;
}
