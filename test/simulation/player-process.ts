// The process that plays one part of a task and tells its parent now and then what became of it.
import { setImmediate } from 'node:timers/promises';
import { playPairs } from './play-pairs.ts';
import { playSeeds } from './play-seeds.ts';
import { playSingles } from './play-singles.ts';
import { playVariants } from './play-variants.ts';
import { openSharedDatabase, type SharedDatabase } from './shared-database.ts';
import type { Part, Report, Task } from './tasks.ts';

function play(database: SharedDatabase, task: Task, part: Part): AsyncGenerator<Report> {
  switch (task.kind) {
    case 'seeds':
      return playSeeds(database, task, part);
    case 'singles':
      return playSingles(database, part);
    case 'pairs':
      return playPairs(database, task, part);
    case 'variants':
      return playVariants(database, part);
  }
}

// Worlds are full of errors made on purpose, whose stacks nobody reads: what went wrong is replayed to be looked at.
Error.stackTraceLimit = 0;
// Without a parent nobody would hear of it.
process.once('disconnect', () => process.exit(1));
const { task, part } = JSON.parse(process.argv[2]!) as { task: Task; part: Part };
const database = await openSharedDatabase();
for await (const report of play(database, task, part)) {
  process.send?.(report);
  // Lets the message out: a world never waits for the event loop.
  await setImmediate();
}
await database.close();
process.removeAllListeners('disconnect');
process.disconnect();
