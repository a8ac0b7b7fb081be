import { accessSync, constants } from 'node:fs';
import { run } from './processes';

const candidates = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The path of a Chromium: `$CHROMIUM`, else an installed one, else (as root on Debian or Ubuntu) the
 * distribution's package, installed now.
 * @throws Error that says what to do when none can be had
 */
export async function ensureChromium(log: (line: string) => void = console.error): Promise<string> {
  const named = process.env.CHROMIUM;
  if (named) {
    if (!isExecutable(named))
      throw new Error(`CHROMIUM names ${named}, which is no executable file. Correct it, or unset it.`);
    return named;
  }
  const installed = candidates.find(isExecutable);
  if (installed) return installed;

  const advice =
    'Install Chromium (for example: sudo apt-get install chromium), or set CHROMIUM to the path of a Chromium or Chrome.';
  if (process.getuid?.() !== 0 || !isExecutable('/usr/bin/apt-get')) throw new Error(`No Chromium found. ${advice}`);
  log('Installing Chromium by apt-get (once)');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update'], { env });
    await run('apt-get', ['install', '-y', 'chromium'], { env });
  } catch (error) {
    throw new Error(`Chromium could not be installed. ${advice}\n${(error as Error).message}`);
  }
  const now = candidates.find(isExecutable);
  if (!now) throw new Error(`apt-get installed no Chromium. ${advice}`);
  return now;
}
