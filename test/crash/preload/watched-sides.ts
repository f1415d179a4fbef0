// Stands in for src/app/sides.ts: the same sources and destinations, with every call counted.
import type * as sides from '../../../src/app/sides.ts';
import type { SidesRegistry } from '../../../src/app/sides.ts';
import type { Destination } from '../../../src/etl/destination.ts';
import type { Source } from '../../../src/etl/source.ts';
import { pass, realModule, report, watched, watchedCall } from './watch.ts';

const real = await realModule<typeof sides>(import.meta.url);

/** The real registry; what it opens is watched. */
export function createSidesRegistry(...given: Parameters<typeof real.createSidesRegistry>): SidesRegistry {
  const registry = real.createSidesRegistry(...given);
  return {
    open(organization) {
      const { source, destination } = registry.open(organization);
      return { source: watchedSource(source), destination: watchedDestination(destination) };
    },
    close: () => registry.close(),
  };
}

function watchedSource<S extends Source>(source: S): S {
  const readRows: Source['readRows'] = async function* (...given) {
    for await (const rows of source.readRows(...given)) {
      pass('source.readRows', 'after');
      yield rows;
    }
  };
  const replaced: Partial<Source> = { readRows };
  return watched<S>('source', source, replaced as Partial<S>);
}

function watchedDestination<D extends Destination>(destination: D): D {
  const replaced: Partial<Destination> = {
    openWriter(...given) {
      const writer = destination.openWriter(...given);
      return {
        append: (rows, offset) =>
          watchedCall('writer.append', async () => {
            report({ kind: 'appended', rows: rows.rowCount });
            return writer.append(rows, offset);
          }),
        close: () => writer.close(),
      };
    },
  };
  return watched<D>('destination', destination, replaced as Partial<D>);
}
