// The README's pictures of the editor, from the packaged extension on the whole demo (a minute or two):
//   npm run package && node --import tsx test/e2e/readme-pictures.ts
// They are written to out/screenshots/readme-*.png; docs/images/ has them with 256 colours, which makes them a third as large.
import type { Page } from 'playwright-core';
import {
  codeLenses,
  explorerContextMenu,
  explorerMenuItems,
  hoverText,
  openFile,
  runCommand,
  screenshot,
  setTheme,
  waitForNotification,
} from '../harness/browser';
import { webviewPage } from '../harness/inspector';
import { waitFor } from '../harness/poll';
import { makeDemoWorkspace, NAME } from './demo-workspace';
import { enlargePanel, inEachTheme, openInstalled } from './window';

const RUN_MS = 600_000;

/** What a scan says, with the estimated trigger. */
async function scan(page: Page): Promise<void> {
  await explorerContextMenu(page, 'model.json', 'Scan for Backdoors');
  await waitForNotification(page, /Suspicious: class 0/, RUN_MS);
  await page.keyboard.press('Control+Shift+M');
  await openFile(page, `${NAME}.fineprune.json`);
  await waitFor('the lens of the scan', async () =>
    (await codeLenses(page)).some((title) => title.startsWith('Suspicious: class 0 · clean accuracy')),
  );
  await page.keyboard.press('Control+End');
  await hoverText(page, '"target"');
  await screenshot(page, 'readme-scan-hover-dark');
}

async function start(page: Page): Promise<void> {
  await explorerMenuItems(page, 'model.json');
  const item = page.getByRole('menu').getByText('Fine-Prune Model', { exact: true });
  await item.hover();
  await screenshot(page, 'readme-context-menu');
  await item.click();
}

async function result(page: Page, file: string, name: string): Promise<void> {
  await openFile(page, file);
  await waitFor('the lens of the result', async () =>
    (await codeLenses(page)).some((title) => title.startsWith('Not mitigated')),
  );
  await screenshot(page, `readme-${name}`);
}

/** The inspector in the whole window, in every theme. */
async function inspector(page: Page): Promise<void> {
  await page.setViewportSize({ width: 1420, height: 1000 });
  await page.keyboard.press('Control+j');
  await openFile(page, `${NAME}.fineprune.json`);
  await runCommand(page, 'Fine-Prune: Inspect Neuron Activations');
  const document = await (await webviewPage(page, 'h2')).document();
  await runCommand(page, 'View: Close Editors in Other Groups');
  await runCommand(page, 'View: Toggle Primary Side Bar Visibility');
  await document.locator('[data-testid=sentence]').waitFor();
  await document.locator('.path canvas').first().waitFor();
  await inEachTheme(page, async (theme) => void (await screenshot(page, `readme-inspector-${theme}`)));
}

async function main(): Promise<void> {
  const { page, close } = await openInstalled((parent) => makeDemoWorkspace(parent));
  try {
    await start(page);
    await openFile(page, `${NAME}.fineprune.json`);
    await waitForNotification(page, /Fine-tuning · step [1-9]\d\d of /, RUN_MS);
    await screenshot(page, 'readme-progress');
    await waitForNotification(page, new RegExp(`^${NAME}: `), RUN_MS);
    await page.keyboard.press('Control+Shift+M');
    await page.locator('.markers-panel .monaco-list-row').first().waitFor();
    await enlargePanel(page);
    await result(page, 'model.json', 'model-dark');
    await result(page, `${NAME}.fineprune.json`, 'result-dark');
    await setTheme(page, 'Default Light Modern');
    await result(page, `${NAME}.fineprune.json`, 'result-light');
    await inspector(page);
  } finally {
    await close();
  }
  // A window of its own: what a scan says would stand among what the run says.
  const fresh = await openInstalled((parent) => makeDemoWorkspace(parent));
  try {
    await scan(fresh.page);
  } finally {
    await fresh.close();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
