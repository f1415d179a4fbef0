// Preloaded into a process: kills it, as running out of memory would, when it asks BigQuery for the table DIE_ON_TABLE.
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';

const table = process.env.DIE_ON_TABLE;

if (table) {
  const request = http.request;
  http.request = (...given) => {
    if (given.some((part) => pathOf(part).includes(`/tables/${table}`))) process.kill(process.pid, 'SIGKILL');
    return Reflect.apply(request, http, given);
  };
  syncBuiltinESMExports();
}

function pathOf(part) {
  return typeof part === 'string' ? part : String(part?.path ?? part?.pathname ?? '');
}
