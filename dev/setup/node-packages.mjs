// The Node packages: installed exactly as package-lock.json says.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, systemPath } from './find-program.mjs';
import { runStep } from './run-step.mjs';

const OLDEST_NODE = 20;

/** The part of the set-up that installs the Node packages of the checkout at `root`. */
export function nodePackages(root) {
  return {
    name: 'Node packages',
    isReady: () => isInstalledAsLocked(root),
    missing: whatIsMissing,
    install: () => install(root),
  };
}

/**
 * Compares the record that npm leaves in node_modules (written last, so a broken-off installation has none) with the lock file.
 * The version of Node is no part of it: everything runs on the Node that is itself one of the locked packages.
 */
function isInstalledAsLocked(root) {
  const installed = packagesIn(join(root, 'node_modules', '.package-lock.json'));
  if (installed === undefined || !existsSync(join(root, 'node_modules', '.bin', 'node'))) return false;
  const locked = packagesIn(join(root, 'package-lock.json'));
  const wanted = Object.keys(locked).filter((path) => path !== '' && isForThisMachine(locked[path]));
  return (
    wanted.every((path) => installed[path]?.integrity === locked[path].integrity) &&
    Object.keys(installed).every((path) => path in locked)
  );
}

function isForThisMachine({ optional, os, cpu, libc }) {
  if (optional !== true) return true;
  return (
    os?.includes(process.platform) === true && cpu?.includes(process.arch) === true && libc === undefined
  );
}

function packagesIn(lockFile) {
  return existsSync(lockFile) ? JSON.parse(readFileSync(lockFile, 'utf8')).packages : undefined;
}

function whatIsMissing() {
  const missing = [];
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
    missing.push(
      `Node ${OLDEST_NODE} or later is needed, this is ${process.version}. See https://nodejs.org/en/download`,
    );
  }
  if (findProgram('npm') === undefined) {
    missing.push(
      'npm is missing; it comes with Node from https://nodejs.org/en/download. On Debian: apt-get install npm',
    );
  }
  return missing;
}

async function install(root) {
  await runStep({
    title: 'Installing the Node packages',
    command: findProgram('npm'),
    // The development packages are wanted even where NODE_ENV=production would leave them out.
    args: ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error', '--prefix', root],
    // Not the node in node_modules: npm is about to delete it.
    env: { ...process.env, PATH: systemPath() },
    adviceOnFailure:
      'npm needs to reach its package registry. Behind a proxy set HTTPS_PROXY; with a mirror: npm config set registry URL.',
  });
}
