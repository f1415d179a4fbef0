// Finds Google's Pub/Sub emulator, a Java program that comes with the gcloud command line.
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { findProgram } from './find-program.mjs';

/** What is missing and how to get it, or undefined when the emulator can be started. */
export function whyNoPubSubEmulator() {
  const home = emulatorHome();
  if (home === undefined) {
    return (
      'The Pub/Sub emulator is missing. Get it with one of:\n' +
      '    gcloud components install beta pubsub-emulator\n' +
      '    apt-get install google-cloud-cli google-cloud-cli-pubsub-emulator   (from the apt repository of Google Cloud)\n' +
      '  or set PUBSUB_EMULATOR_HOST=host:port of an emulator that is running. See https://cloud.google.com/sdk/docs/install'
    );
  }
  if (findJava() === undefined) {
    return 'Java is missing; the Pub/Sub emulator needs it. On Debian: apt-get install default-jre-headless';
  }
  return undefined;
}

/** The command that runs the emulator on `host`:`port`; throws an error that says how to get it when it is missing. */
export function pubSubEmulatorCommand(host, port, project) {
  const problem = whyNoPubSubEmulator();
  if (problem !== undefined) throw new Error(problem);
  const jar = emulatorJar(emulatorHome());
  if (jar !== undefined) {
    // Without gcloud in front of it the emulator is there in one second instead of four. Small heap, simple collector
    // and compiler: it shares two processors with everything under test.
    const modest = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    return { command: findJava(), args: [...modest, '-jar', jar, `--host=${host}`, `--port=${port}`] };
  }
  const args = [
    'beta',
    'emulators',
    'pubsub',
    'start',
    `--project=${project}`,
    `--host-port=${host}:${port}`,
    '--quiet',
  ];
  return { command: findProgram('gcloud'), args };
}

function emulatorHome() {
  const gcloud = findProgram('gcloud');
  const sdks = [
    ...(gcloud === undefined ? [] : [dirname(dirname(realpathSync(gcloud)))]),
    '/usr/lib/google-cloud-sdk',
    '/opt/google-cloud-sdk',
    join(homedir(), 'google-cloud-sdk'),
  ];
  const homes = sdks
    .map((sdk) => join(sdk, 'platform', 'pubsub-emulator'))
    .filter((home) => existsSync(home));
  return homes.find((home) => emulatorJar(home) !== undefined || gcloud !== undefined);
}

function emulatorJar(home) {
  const folder = join(home, 'lib');
  if (!existsSync(folder)) return undefined;
  const jar = readdirSync(folder).find((name) => /^cloud-pubsub-emulator-.*\.jar$/.test(name));
  return jar === undefined ? undefined : join(folder, jar);
}

function findJava() {
  const ofJavaHome = join(process.env.JAVA_HOME ?? '', 'bin', 'java');
  return process.env.JAVA_HOME !== undefined && existsSync(ofJavaHome) ? ofJavaHome : findProgram('java');
}
