// Finds Chromium, which the tests of the status page drive.
import { findProgram } from './find-program.mjs';

/** The command, or undefined; CHROMIUM names another than those on PATH. */
export function findChromium(env = process.env) {
  return (
    env.CHROMIUM ?? findProgram('chromium') ?? findProgram('chromium-browser') ?? findProgram('google-chrome')
  );
}

/** Said where it is not there. */
export const HOW_TO_GET_CHROMIUM = 'install it (Debian: apt-get install chromium), or name one in CHROMIUM';
