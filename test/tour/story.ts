// The tour of docs/tour.md: what is said, what is typed, and what happens in between; played and recorded by play.ts.

/** What happens outside the commands. */
export type Scene =
  | 'the worker is ready'
  | 'a column and rows of Tuesday arrive'
  | 'rows of Monday arrive late'
  | 'the repair has run';
export type Step =
  | { readonly say: string }
  /** One command line; it ends with this exit code, 0 unless it is given. */
  | { readonly type: string; readonly exitCode?: number }
  | { readonly scene: Scene }
  /** A page of the worker on which all of `shows` is read, as a picture. */
  | {
      readonly look: string;
      readonly picture: string;
      readonly alt: string;
      readonly shows: readonly string[];
    }
  /** The sentence of the runbook that says how to mend a reason. */
  | { readonly runbook: string };

export const STORY: readonly Step[] = [
  say(`# A tour: break a job, see it, mend it

Real commands with their real output, against the emulators that \`npm run demo\` starts too. The test suite plays the tour again and compares every line, but for
times, durations and ids of messages. To record it anew: \`RECORD_TOUR=1 npm test -- test/integration/tour.test.ts\`.

## A first copy

The billing export of acme is in the EU, its copy shall be in the US. \`freeze\` says that somebody wants to be asked before the copy gets new columns.`),
  type('migrate'),
  type(
    'org set acme --source source-env.billing_export.export --destination destination-env.billing_copies.acme --destination-location US --schema-policy freeze',
  ),
  type('plan acme'),
  say(
    'A worker runs beside this: `pulse-billing-etl worker`. It takes the job that is published here, and `--wait` follows it.',
  ),
  { scene: 'the worker is ready' },
  type('enqueue acme --job-id monday --wait'),
  say(`## Something breaks

On Tuesday the export has new rows and, without notice, a new column.`),
  { scene: 'a column and rows of Tuesday arrive' },
  type('enqueue acme --job-id tuesday --wait', 1),
  say(`## See it

The job failed before anything was made visible, and Monday's rows are as they were. The status page shows the reason, what differs, and what to do:`),
  {
    look: '/jobs/acme/tuesday',
    picture: 'failed',
    alt: 'The page of the failed job: schema_drift, the diff, what to do, steps and plan',
    shows: ['failed', 'schema_drift', 'consumption_model', 'org set acme --schema-policy evolve'],
  },
  say('The command line says the same:'),
  type('show acme tuesday'),
  type('dlq list'),
  say('## Read the runbook\n\nEach reason has a heading in [runbook.md](runbook.md). Of this one it says:'),
  { runbook: 'schema_drift' },
  say('## Mend it, and replay'),
  type('org set acme --schema-policy evolve'),
  type('plan acme'),
  type('dlq replay 1'),
  say(
    'The replayed job is on its way. The same job id never runs twice, so that asking for it again only follows it:',
  ),
  type('enqueue acme --job-id tuesday --wait'),
  {
    look: '/jobs/acme/tuesday',
    picture: 'mended',
    alt: 'The page of the same job: success, with a second plan and the replay among the changes by hand',
    shows: ['success', 'plan 2', 'replay'],
  },
  type('dlq list'),
  say(`## Verify, repair, backfill

Google may add rows to a day that was copied already. Here some arrive for Monday, with Monday's export time, behind the watermark:`),
  { scene: 'rows of Monday arrive late' },
  type('verify acme --days 30 --job-id check --wait'),
  say(
    'A day that grew at the source is repaired by a job of its own, which a worker takes within two leases:',
  ),
  { scene: 'the repair has run' },
  type('status --org acme'),
  say(
    'Both can be asked for by hand. They replace the rows of a window at once, and leave the watermark where it is:',
  ),
  type('repair acme --from 2026-03-02 --to 2026-03-03 --job-id by-hand --wait'),
  type('backfill acme --from 2026-03-01 --to 2026-03-03 --job-id two-days --wait'),
  {
    look: '/organizations/acme',
    picture: 'organization',
    alt: 'The page of acme: all jobs of the tour, rows, cost, failure rate and durations of the day, and what was changed by hand',
    shows: ['two-days', 'by-hand', 'check', 'acme'],
  },
  say(
    `Where to go from here: [operations.md](operations.md) for the day to day, [job-lifecycle.md](job-lifecycle.md) for why nothing was lost or doubled on the way.`,
  ),
];

function say(text: string): Step {
  return { say: text };
}

function type(line: string, exitCode = 0): Step {
  return { type: line, exitCode };
}
