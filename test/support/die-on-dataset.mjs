// Preloaded into a process: kills it, as running out of memory would, when it asks BigQuery for the dataset DIE_ON_DATASET.
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';

const dataset = process.env.DIE_ON_DATASET;

if (dataset) {
  const request = http.request;
  http.request = (...given) => {
    if (given.some((part) => pathOf(part).includes(`/datasets/${dataset}/`)))
      process.kill(process.pid, 'SIGKILL');
    return Reflect.apply(request, http, given);
  };
  syncBuiltinESMExports();
}

function pathOf(part) {
  return typeof part === 'string' ? part : String(part?.path ?? part?.pathname ?? '');
}
