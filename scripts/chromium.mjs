// `node scripts/chromium.mjs`: makes sure that there is a Chromium for the tests, and prints its path.
import { require as tsxRequire } from 'tsx/cjs/api';

/** @type {(log?: (line: string) => void) => Promise<string>} */
export const ensureChromium = tsxRequire('../test/harness/chromium.ts', import.meta.url).ensureChromium;

if (process.argv[1] === new URL(import.meta.url).pathname) {
  try {
    console.log(await ensureChromium());
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
