import type { Page } from 'playwright-core';
import { closeBrowser, openWorkbench, screenshot, setTheme, type ThemeId } from '../harness/browser';
import { waitFor } from '../harness/poll';
import { makeTempDir, run } from '../harness/processes';
import { startVsCode, type StartOptions, type VsCodeServer } from '../harness/vscode-server';
import { engineEnv, packagedVsix } from './packaged';

/** A VS Code with the packaged extension installed, and one window of it. */
export interface InstalledWindow {
  readonly server: VsCodeServer;
  readonly page: Page;
  /** The workspace folder. */
  readonly folder: string;
  close(): Promise<void>;
}

/** Where the VSIX lies installed. Once for all windows of this process: to install it takes as long as to open one. */
let extensions: string | undefined;

/**
 * Opens a window on a folder in a fresh VS Code with the VSIX installed.
 * @param makeFolder makes the folder below a temporary one, which `close` removes
 */
export async function openInstalled(
  makeFolder: (parent: string) => Promise<string>,
  options: StartOptions = {},
): Promise<InstalledWindow> {
  const temp = makeTempDir();
  let server: VsCodeServer | undefined;
  const close = async (): Promise<void> => {
    await closeBrowser();
    await server?.stop();
    await temp.remove();
  };
  try {
    const folder = await makeFolder(temp.dir);
    const extensionsDir = extensions ?? makeTempDir('fp-extensions-').dir;
    const installVsix = extensions === undefined ? { installVsix: packagedVsix() } : {};
    server = await startVsCode({ extensionsDir, ...installVsix, folder, env: engineEnv(temp.dir), ...options });
    extensions = extensionsDir;
    return { server, page: await openWorkbench(server), folder, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const THEMES: Readonly<Record<string, ThemeId>> = {
  light: 'Default Light Modern',
  'hc-dark': 'Default High Contrast',
  'hc-light': 'Default High Contrast Light',
  dark: 'Default Dark Modern', // last: it is what the window goes on with
};

/** Does something in each colour theme, such as taking pictures; their names end with `theme`. */
export async function inEachTheme(page: Page, act: (theme: string) => Promise<unknown>): Promise<void> {
  for (const [theme, id] of Object.entries(THEMES)) {
    await setTheme(page, id);
    await act(theme);
  }
}

/** Draws the panel's upper edge up, so that a message in the corner covers none of its first rows. */
export async function enlargePanel(page: Page, by = 130): Promise<void> {
  const before = await page.locator('.part.panel').boundingBox();
  if (!before) throw new Error('the panel is closed');
  const x = before.x + before.width / 2;
  await page.mouse.move(x, before.y);
  await page.mouse.down();
  await page.mouse.move(x, before.y - by, { steps: 5 });
  await page.mouse.up();
  await waitFor(
    'a larger panel',
    async () => ((await page.locator('.part.panel').boundingBox())?.height ?? 0) >= before.height + by - 20,
  );
}

/** What there was to see when a test failed. */
export async function pictureOfFailure(
  page: Page | undefined,
  test: { state?: string | undefined; title: string } | undefined,
): Promise<void> {
  if (test?.state !== 'failed' || !page || page.isClosed()) return;
  const file = await screenshot(page, `failed ${test.title}`.replace(/\W+/g, '-'));
  console.error(`      the window then: ${file}`);
}

/** Process ids of the engines that the extension of this VS Code has running. */
export async function engines({ extensionsDir }: VsCodeServer): Promise<number[]> {
  const lines = (await run('ps', ['-eo', 'pid=,args='])).split('\n');
  return lines
    .filter((line) => line.includes(extensionsDir) && /\/dist\/worker\.js/.test(line))
    .map((line) => parseInt(line, 10));
}
