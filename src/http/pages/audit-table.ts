/** What people did to a job or organization, as the audit log has it. */
import type { Micros } from '../../job/instant.ts';
import type { AuditEntry } from '../../state/audit-log.ts';
import { html, type Html } from './html.ts';
import { ago } from './job-words.ts';
import { empty, table } from './table.ts';

export function auditTable(entries: readonly AuditEntry[], now: Micros): Html {
  if (entries.length === 0) return empty('Nobody has changed anything by hand.');
  return table<AuditEntry>(
    'Changes by hand',
    [
      { title: 'When', cell: ({ recordedAt }) => ago(recordedAt, now) },
      { title: 'Who', cell: ({ actor }) => actor },
      { title: 'What', cell: ({ action }) => action },
      { title: 'Before', look: 'wide', cell: ({ before }) => snapshot(before) },
      { title: 'After', look: 'wide', cell: ({ after }) => snapshot(after) },
    ],
    entries,
  );
}

function snapshot(value: AuditEntry['before']): Html {
  if (value === undefined || value === null) return html`–`;
  const text =
    typeof value === 'object' && !Array.isArray(value)
      ? Object.entries(value)
          .filter(([, item]) => item !== null)
          .map(([name, item]) => `${name}: ${typeof item === 'object' ? JSON.stringify(item) : String(item)}`)
          .join(', ')
      : JSON.stringify(value);
  return html`<span class="soft">${text}</span>`;
}
