import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { sharedBrowser } from './chromium-browser';
import { projectRoot } from './install';
import type { Payload, VsCodeServer } from './vscode-server';
import { waitFor } from './poll';

export { closeBrowser } from './chromium-browser';
export * from './editor';
export * from './views';

/** Colour themes by their setting's value: how the picker calls them, and what marks the workbench when one is on. */
const themes = {
  'Default Dark Modern': { label: 'Dark Modern', mark: 'dark_modern' },
  'Default Light Modern': { label: 'Light Modern', mark: 'light_modern' },
  'Default High Contrast': { label: 'Dark High Contrast', mark: 'hc_black' },
  'Default High Contrast Light': { label: 'Light High Contrast', mark: 'hc_light' },
} as const;

/** A colour theme that comes with VS Code. */
export type ThemeId = keyof typeof themes;

/** What a window shows, and how large it is. */
export interface WorkbenchOptions {
  /** Folder or `.code-workspace` file; default: the server's. */
  readonly folder?: string;
  readonly payload?: Payload;
  /** Default: Dark Modern. */
  readonly theme?: ThemeId;
  /** In CSS pixels; default 1280 × 800. */
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Pixels of a screenshot per CSS pixel; default 1. */
  readonly deviceScaleFactor?: number;
}

const external = new WeakMap<Page, string[]>();

/**
 * Opens a window of VS Code and waits until one can work in it. It has a browser profile of its own, so no window
 * knows what another one had open. Close it with `closeWorkbench`.
 * @throws Error when the workbench is not ready within a minute
 */
export async function openWorkbench(server: VsCodeServer, options: WorkbenchOptions = {}): Promise<Page> {
  const browser = await sharedBrowser();
  const context = await browser.newContext({
    viewport: options.viewport ?? { width: 1280, height: 800 },
    deviceScaleFactor: options.deviceScaleFactor ?? 1,
    locale: 'en-US',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  // esbuild, by which tsx compiles, wraps named functions in this helper; those that run in the page miss it there.
  await context.addInitScript({ content: 'globalThis.__name = (f) => f;' });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const requests: string[] = [];
  external.set(page, requests);
  context.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    // vscode-cdn.net names resources of webviews, which the page itself serves: none of it reaches a network.
    const local =
      hostname === '127.0.0.1' || hostname.endsWith('.vscode-cdn.net') || !/^(https?|wss?):$/.test(protocol);
    if (!local) requests.push(request.url());
  });
  try {
    await page.goto(server.url(options.folder, options.payload));
    await waitReady(page);
    if (options.theme) await setTheme(page, options.theme);
    return page;
  } catch (error) {
    await context.close();
    throw error;
  }
}

/** Closes a window; the browser stays for the next one. */
export async function closeWorkbench(page: Page): Promise<void> {
  await page.context().close();
}

/** The addresses outside this machine that the window has asked for: any is a fault. */
export function externalRequests(page: Page): readonly string[] {
  return external.get(page) ?? [];
}

/** Waits until the workbench is drawn and the extensions are known to it. */
export async function waitReady(page: Page): Promise<void> {
  await page.locator('.monaco-workbench').waitFor({ timeout: 60_000 });
  for (const mark of ['code/didStartWorkbench', 'code/didLoadExtensions']) {
    await page.waitForFunction((name) => performance.getEntriesByName(name).length > 0, mark, { timeout: 60_000 });
  }
}

const quickInput = '.quick-input-widget:visible';

/** A row of the list that is open at the top, by its exact label. */
function quickRow(page: Page, label: string): Locator {
  return page
    .locator(`${quickInput} .quick-input-list .monaco-list-row`)
    .filter({ has: page.locator('.label-name').getByText(label, { exact: true }) })
    .first();
}

/** Runs a command by the palette. `title` is the whole row, category included: `Fine-Prune: Show Log`. */
export async function runCommand(page: Page, title: string): Promise<void> {
  await page.keyboard.press('F1');
  await page.locator(`${quickInput} input[type=text]`).waitFor();
  await page.keyboard.insertText(title);
  await quickRow(page, title).click();
}

/** The labels of the quick pick that is open. */
export async function quickPickItems(page: Page): Promise<string[]> {
  await page.locator(`${quickInput} .monaco-list-row`).first().waitFor();
  const labels = await page.locator(`${quickInput} .monaco-list-row .label-name`).allTextContents();
  return labels.map((label) => label.trim());
}

/** Chooses an entry of the quick pick that is open, or comes, by its exact label. */
export async function pick(page: Page, label: string): Promise<void> {
  await quickRow(page, label).click();
}

/** Replaces the text of the input box that is open, or comes, and confirms it. */
export async function answerInput(page: Page, text: string): Promise<void> {
  const input = page.locator(`${quickInput} input[type=text]`);
  await input.fill(text);
  await input.press('Enter');
}

/** Changes the colour theme, as a person does, and waits until it is on. The server's other windows follow. */
export async function setTheme(page: Page, id: ThemeId): Promise<void> {
  const { label, mark } = themes[id];
  const workbench = page.locator('.monaco-workbench');
  const isOn = async (): Promise<boolean> => ((await workbench.getAttribute('class')) ?? '').includes(`${mark}-json`);
  if (await isOn()) return;
  await runCommand(page, 'Preferences: Color Theme');
  await page.locator(`${quickInput} input[placeholder^="Select Color Theme"]`).fill(label); // the list is longer than its box
  await pick(page, label);
  await page.locator(quickInput).waitFor({ state: 'hidden' });
  await waitFor(`the theme ${label}`, isOn);
}

/** The document inside the webview that is open; with several open, the first. */
export function webview(page: Page): FrameLocator {
  return page.frameLocator('iframe.webview.ready').first().frameLocator('iframe#active-frame');
}

/**
 * Takes a picture of the window, or of a part of it, into out/screenshots/`name`.png.
 * @returns its path
 */
export async function screenshot(page: Page, name: string, part?: Locator): Promise<string> {
  const file = path.join(projectRoot, 'out', 'screenshots', `${name}.png`);
  await mkdir(path.dirname(file), { recursive: true });
  const picture = await (part ?? page).screenshot({ animations: 'disabled' });
  await writeFile(`${file}.tmp`, picture);
  await rename(`${file}.tmp`, file);
  return file;
}
