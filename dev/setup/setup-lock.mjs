// Lets one set-up at a time install into this checkout; the lock of one that was killed is recognized and taken over.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Runs `install` while holding the lock file at `path`, after waiting for any other living set-up that holds it. */
export async function withSetupLock(path, install) {
  mkdirSync(dirname(path), { recursive: true });
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) });
  let told = false;
  while (!tryToLock(path, mine)) {
    const holder = contentOf(path);
    if (holder === undefined) continue;
    if (!isAlive(holder)) takeAway(path, holder);
    else if (!told) {
      process.stderr.write(
        `Another set-up is at work here (process ${JSON.parse(holder).pid}); waiting for it ...\n`,
      );
      told = true;
    } else await delay(200);
  }
  try {
    return await install();
  } finally {
    rmSync(path, { force: true });
  }
}

/** Linking a finished file into place, rather than creating and then writing one, never shows a lock without its holder. */
function tryToLock(path, content) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Two may find the same dead holder at once; renaming lets one of them see that it moved a living one's lock, and put it back. */
function takeAway(path, deadHolder) {
  const aside = `${path}.dead.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (contentOf(aside) !== deadHolder) linkSync(aside, path);
  rmSync(aside, { force: true });
}

function isAlive(holder) {
  try {
    const { pid, started } = JSON.parse(holder);
    process.kill(pid, 0);
    // A process id is given again some day; the start time tells the holder from a stranger with its number.
    return startOf(pid) === started;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** When the process started, in the kernel's ticks since boot; null where /proc does not exist. */
function startOf(pid) {
  const stat = contentOf(`/proc/${pid}/stat`);
  return stat === undefined ? null : stat.slice(stat.lastIndexOf(')')).split(' ')[20];
}

function contentOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
