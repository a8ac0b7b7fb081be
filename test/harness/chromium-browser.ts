import { chromium, type Browser } from 'playwright-core';
import { ensureChromium } from './chromium';
import { onShutdown } from './processes';

let shared: Promise<Browser> | undefined;
let close: (() => Promise<void>) | undefined;

async function launch(): Promise<Browser> {
  const executablePath = await ensureChromium();
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    // Ours end servers too; playwright's would end the process before those are done.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
  close = onShutdown(() => browser.close());
  return browser;
}

/** The one browser of this process, started at the first call. Windows are cheap, browsers are not. */
export function sharedBrowser(): Promise<Browser> {
  return (shared ??= launch());
}

/** Closes the browser with all its windows; the next `sharedBrowser()` starts a new one. */
export async function closeBrowser(): Promise<void> {
  await shared?.catch(() => undefined);
  shared = undefined;
  await close?.();
}
