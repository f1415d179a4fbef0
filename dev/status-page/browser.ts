// Chromium without a window, for browser tests and screenshots.
import { chromium, type Browser } from 'playwright-core';
import { findChromium, HOW_TO_GET_CHROMIUM } from '../setup/find-chromium.mjs';

/** Undefined where there is no Chromium. */
export async function openBrowser(): Promise<Browser | undefined> {
  const executablePath = findChromium();
  if (executablePath === undefined) return undefined;
  return chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu'] });
}

export { HOW_TO_GET_CHROMIUM };
