// The addresses of the shared servers that the test runner started, read from the environment it hands to every test file.

/** The project and location of the environment that billing data is read from. */
export const sourceEnvironment = { project: 'source-env', location: 'EU' };

/** The project and location of the environment that billing data is written to. */
export const destinationEnvironment = { project: 'destination-env', location: 'US' };

/** One BigQuery emulator: where it answers, and the project and location it stands for. */
export interface BigQueryEnvironment {
  project: string;
  location: string;
  /** host:port of the REST API, without a scheme. */
  restHost: string;
  /** host:port of the gRPC Storage API. */
  grpcHost: string;
}

/** A MariaDB or MySQL server and a user who may create databases on it. */
export interface DatabaseServer {
  host: string;
  port: number;
  user: string;
  password: string;
}

/** host:port of the shared Pub/Sub emulator; throws when the test was not started by the runner. */
export function pubSubEmulatorHost(): string {
  return fromRunner('TEST_PUBSUB_EMULATOR_HOST');
}

/** The environment billing data is read from; throws when the test was not started by the runner. */
export function sourceBigQuery(): BigQueryEnvironment {
  return {
    ...sourceEnvironment,
    restHost: fromRunner('TEST_SOURCE_BIGQUERY_REST'),
    grpcHost: fromRunner('TEST_SOURCE_BIGQUERY_GRPC'),
  };
}

/** The environment billing data is written to; throws when the test was not started by the runner. */
export function destinationBigQuery(): BigQueryEnvironment {
  return {
    ...destinationEnvironment,
    restHost: fromRunner('TEST_DESTINATION_BIGQUERY_REST'),
    grpcHost: fromRunner('TEST_DESTINATION_BIGQUERY_GRPC'),
  };
}

/** The shared database server; throws when the test was not started by the runner. */
export function databaseServer(): DatabaseServer {
  return {
    host: fromRunner('TEST_DB_HOST'),
    port: Number(fromRunner('TEST_DB_PORT')),
    user: fromRunner('TEST_DB_USER'),
    password: fromRunner('TEST_DB_PASSWORD'),
  };
}

function fromRunner(name: string): string {
  const value = process.env[name];
  if (value !== undefined) return value;
  throw new Error(
    `${name} is not set: this test needs the servers that the test runner starts; run it through npm test, ` +
      'for example: npm test -- test/integration/some.test.ts',
  );
}
