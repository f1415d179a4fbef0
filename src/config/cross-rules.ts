/** The rules between variables: what one of them asks of another. */
import { isLoopback } from './loopback.ts';
import type { Values, VariableName } from './variables.ts';

/** The problems and warnings that only show when several variables are seen together. */
export type Findings = { readonly problems: readonly string[]; readonly warnings: readonly string[] };

/** Checks every rule; isSet says whether a variable was given rather than defaulted. */
export function crossRules(values: Values, isSet: (name: VariableName) => boolean): Findings {
  return {
    problems: [
      ...fileProblems(isSet),
      ...databaseProblems(isSet),
      ...alertProblems(isSet),
      ...pushProblems(values, isSet),
      ...addressProblems(values, isSet),
      ...emulatorProblems(isSet),
    ],
    warnings: [...databaseWarnings(isSet), ...tokenWarnings(values)],
  };
}

function fileProblems(isSet: (name: VariableName) => boolean): string[] {
  const pairs = [
    ['DB_PASSWORD', 'DB_PASSWORD_FILE'],
    ['ADMIN_TOKEN', 'ADMIN_TOKEN_FILE'],
  ] as const;
  return pairs
    .filter(([value, file]) => isSet(value) && isSet(file))
    .map(([value, file]) => `${value} and ${file} are both set: remove one of them`);
}

function databaseProblems(isSet: (name: VariableName) => boolean): string[] {
  return isSet('DB_HOST') && !isSet('DB_USER') ? ['DB_USER is not set: DB_HOST needs it'] : [];
}

function alertProblems(isSet: (name: VariableName) => boolean): string[] {
  if (!isSet('ALERT_WEBHOOK_URL') || !isSet('ALERT_MODULE')) return [];
  return ['ALERT_WEBHOOK_URL and ALERT_MODULE are both set: remove one of them'];
}

function databaseWarnings(isSet: (name: VariableName) => boolean): string[] {
  if (isSet('DB_HOST'))
    return isSet('SQLITE_PATH') ? ['SQLITE_PATH is ignored because DB_HOST is set: remove one of them'] : [];
  const meant = (['DB_USER', 'DB_PASSWORD', 'DB_PASSWORD_FILE', 'DB_NAME', 'DB_PORT'] as const).filter(isSet);
  if (meant.length === 0) return [];
  return [`${meant.join(', ')} ignored because DB_HOST is not set, so SQLite is used: set DB_HOST for MySQL`];
}

function pushProblems(values: Values, isSet: (name: VariableName) => boolean): string[] {
  if (!values.PUSH_ENABLED) return [];
  return (['PUSH_AUDIENCE', 'PUSH_SERVICE_ACCOUNT'] as const)
    .filter((name) => !isSet(name))
    .map((name) => `${name} is not set: PUSH_ENABLED=true needs it, as without it anybody could push jobs`);
}

function addressProblems(values: Values, isSet: (name: VariableName) => boolean): string[] {
  const guarded = isSet('ADMIN_TOKEN') || isSet('ADMIN_TOKEN_FILE');
  const anyPublic = values.HTTP_PUBLIC_HEALTH || values.HTTP_PUBLIC_METRICS || values.PUSH_ENABLED;
  if (isLoopback(values.HTTP_HOST) || guarded || anyPublic) return [];
  return [
    `HTTP_HOST is "${values.HTTP_HOST}", which others can reach: set ADMIN_TOKEN, or serve only some routes ` +
      'with HTTP_PUBLIC_HEALTH=true, HTTP_PUBLIC_METRICS=true or PUSH_ENABLED=true',
  ];
}

/** Half an emulator would send the other half of the data to Google Cloud. */
function emulatorProblems(isSet: (name: VariableName) => boolean): string[] {
  const pairs = [
    ['BIGQUERY_EMULATOR_HOST', 'BIGQUERY_STORAGE_EMULATOR_HOST'],
    ['DESTINATION_BIGQUERY_EMULATOR_HOST', 'DESTINATION_BIGQUERY_STORAGE_EMULATOR_HOST'],
  ] as const;
  return pairs
    .filter(([rest, storage]) => isSet(rest) !== isSet(storage))
    .map(([rest, storage]) => {
      const [set, missing] = isSet(rest) ? [rest, storage] : [storage, rest];
      return `${missing} is not set, but ${set} is: set both, so that all data goes to one place`;
    });
}

function tokenWarnings(values: Values): string[] {
  const token = values.ADMIN_TOKEN;
  if (token === undefined || token.length >= 16) return [];
  return [
    'ADMIN_TOKEN is shorter than 16 characters and can be guessed: use for example openssl rand -hex 32',
  ];
}
