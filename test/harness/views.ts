import type { Locator, Page } from 'playwright-core';
import { waitFor } from './poll';

const segmentsOf = (file: string | readonly string[]): readonly string[] =>
  typeof file === 'string' ? file.split('/') : file;

/** The Explorer's row of a path below the workspace folder; its parents are opened on the way. */
async function explorerRow(page: Page, file: string | readonly string[]): Promise<Locator> {
  const tree = page.getByRole('tree', { name: /Files Explorer/i });
  if (!(await tree.isVisible())) await page.keyboard.press('Control+Shift+E');
  const segments = segmentsOf(file);
  let row = tree;
  for (const [depth, name] of segments.entries()) {
    const ending = `/${segments.slice(0, depth + 1).join('/')}`;
    row = tree
      .locator('.monaco-list-row')
      // The label's description is the path, sometimes with a decoration such as "• 2 problems" after it.
      .filter({ has: page.locator(`.monaco-icon-label[aria-label*=${JSON.stringify(ending)}]`) })
      .filter({ has: page.locator('.label-name').getByText(name, { exact: true }) })
      .first();
    await row.waitFor();
    const isFolderToOpen = depth < segments.length - 1 && (await row.getAttribute('aria-expanded')) === 'false';
    if (isFolderToOpen) await row.click();
  }
  return row;
}

/** Opens a file by a double click in the Explorer, so that its tab stays, and waits until its text or its custom editor is drawn. */
export async function openFile(page: Page, file: string | readonly string[]): Promise<void> {
  await (await explorerRow(page, file)).dblclick();
  const name = segmentsOf(file).at(-1) ?? '';
  await page.locator(`.editor-group-container .tab.active[data-resource-name=${JSON.stringify(name)}]`).waitFor();
  const text = `.editor-group-container.active .monaco-editor[data-uri$=${JSON.stringify(`/${encodeURIComponent(name)}`)}] .view-line`;
  await page.locator(`${text}, iframe.webview.ready`).first().waitFor();
}

/** Selects several files in the Explorer, by click and Ctrl+click. */
export async function selectInExplorer(page: Page, files: readonly (string | readonly string[])[]): Promise<void> {
  for (const [index, file] of files.entries()) {
    await (await explorerRow(page, file)).click({ modifiers: index === 0 ? [] : ['Control'] });
  }
}

/** Right-clicks a file or folder in the Explorer and returns the labels of the menu, which stays open. */
export async function explorerMenuItems(page: Page, file: string | readonly string[]): Promise<string[]> {
  await (await explorerRow(page, file)).click({ button: 'right' });
  const labels = page.getByRole('menu').locator('.action-menu-item .action-label');
  await labels.first().waitFor();
  return labels.allTextContents();
}

/** Right-clicks a file or folder in the Explorer and chooses an item, given by its exact label. */
export async function explorerContextMenu(page: Page, file: string | readonly string[], item: string): Promise<void> {
  await (await explorerRow(page, file)).click({ button: 'right' });
  const label = page.getByRole('menu').locator('.action-menu-item .action-label').getByText(item, { exact: true });
  await label.waitFor();
  // A menu ignores clicks that come within 100 ms of its opening; when one counted, the menu is gone.
  await waitFor(
    `the menu to take '${item}'`,
    async () => {
      if (!(await label.isVisible())) return true;
      await label.click({ timeout: 1_000 });
      return false;
    },
    { intervalMs: 200 },
  );
}

/** A row of the Problems panel. */
export interface Problem {
  readonly file: string;
  readonly severity: 'error' | 'warning' | 'info';
  /** The whole message, lines joined by a newline. */
  readonly message: string;
  /** Empty when it has none. */
  readonly source: string;
  /** Empty when it has none. */
  readonly code: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** A drawn row: its place in the list, whether the list ends with it, and either a file's name or a problem in that file. */
interface DrawnRow {
  readonly index: number;
  readonly last: boolean;
  readonly file?: string;
  readonly problem?: Omit<Problem, 'file'>;
}

function drawnRows(page: Page): Promise<DrawnRow[]> {
  // A row without a level is the copy of a file's row that sticks to the top.
  return page.locator('.markers-panel .monaco-list-row[aria-level]').evaluateAll((rows) =>
    rows.map((row): DrawnRow => {
      const texts = (selector: string): string[] =>
        Array.from(row.querySelectorAll(selector), (part) => part.textContent ?? '');
      const place = /Ln (\d+), Col (\d+)/.exec(texts('.marker-line')[0] ?? '');
      const icon = row.querySelector('.marker-icon')?.className ?? '';
      const drawn = {
        index: Number(row.getAttribute('data-index')),
        last: row.getAttribute('data-last-element') === 'true',
      };
      switch (row.getAttribute('aria-level')) {
        case '1':
          return { ...drawn, file: texts('.label-name')[0] ?? '' };
        case '2':
          return {
            ...drawn,
            problem: {
              severity: (/\b(error|warning|info)\b/.exec(icon)?.[1] ?? 'info') as Problem['severity'],
              message: texts('.marker-message').join('\n'),
              source: texts('.marker-source')[0] ?? '',
              code: (texts('.marker-code')[0] ?? '').replace(/^\(|\)$/g, ''),
              line: Number(place?.[1]),
              column: Number(place?.[2]),
            },
          };
        default:
          return drawn; // related information
      }
    }),
  );
}

/**
 * What the Problems panel lists now, in its order; opens the panel if need be. Poll it:
 * problems come when they come.
 * @throws Error when the list changes while it is read
 */
export async function problems(page: Page): Promise<Problem[]> {
  const panel = page.locator('.markers-panel');
  if (!(await panel.isVisible())) {
    await page.keyboard.press('Control+Shift+M');
    await panel.waitFor();
  }
  const rows = new Map<number, DrawnRow>();
  const draw = async (): Promise<DrawnRow[]> => {
    const drawn = await drawnRows(page);
    for (const row of drawn) rows.set(row.index, row);
    return drawn;
  };
  const list = panel.locator('.monaco-list').first();
  if ((await draw()).length > 0) {
    // Only what is in sight is drawn: go to the top, then down to the end.
    await list.hover();
    await waitFor('the top of the Problems panel', async () => {
      if ((await draw()).some(({ index }) => index === 0)) return true;
      await page.mouse.wheel(0, -1_000);
      return false;
    });
    while (![...rows.values()].some(({ last }) => last)) {
      const known = rows.size;
      await page.mouse.wheel(0, 66);
      await waitFor('further rows of the Problems panel', async () => (await draw()) && rows.size > known, {
        deadlineMs: 3_000,
      });
    }
  }
  let file = '';
  const found: Problem[] = [];
  for (const row of [...rows.values()].sort((a, b) => a.index - b.index)) {
    file = row.file ?? file;
    if (row.problem) found.push({ ...row.problem, file });
  }
  return found;
}

/** A notification in the lower right corner. */
export interface Notification {
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
  readonly buttons: readonly string[];
  /** True while it shows a progress bar. */
  readonly busy: boolean;
}

/** The notifications in sight now, the newest first. Poll it. */
export function notifications(page: Page): Promise<Notification[]> {
  return page.locator('.notification-list-item:visible').evaluateAll((items) =>
    items.map((item) => ({
      severity: (/codicon-(error|warning|info)/.exec(
        item.querySelector('.notification-list-item-icon')?.className ?? '',
      )?.[1] ?? 'info') as 'error' | 'warning' | 'info',
      message: item.querySelector('.notification-list-item-message')?.textContent ?? '',
      buttons: Array.from(
        item.querySelectorAll('.notification-list-item-buttons-container .monaco-button'),
        (button) => button.textContent ?? '',
      ),
      busy: item.parentElement?.querySelector('.monaco-progress-container.active') !== null,
    })),
  );
}

/** Waits for a notification with this in its message. */
export function waitForNotification(page: Page, message: string | RegExp, deadlineMs = 30_000): Promise<Notification> {
  return waitFor(
    `a notification with ${message}`,
    async () => {
      const all = await notifications(page);
      return all.find((one) =>
        typeof message === 'string' ? one.message.includes(message) : message.test(one.message),
      );
    },
    { deadlineMs },
  );
}

/** Presses a button of the notification with this in its message, behind the bell where its toast has gone meanwhile. */
export async function clickNotificationButton(page: Page, message: string | RegExp, button: string): Promise<void> {
  const item = page.locator('.notification-list-item:visible').filter({ hasText: message }).first();
  if ((await item.count()) === 0) await page.locator('[id="status.notifications"]').click();
  await item.locator('.monaco-button').getByText(button, { exact: true }).click();
}

/** Waits for a modal dialog, presses a button of it, and returns its text. */
export async function answerDialog(page: Page, button: string): Promise<string> {
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.waitFor();
  const text = await dialog.innerText();
  await dialog.getByRole('button', { name: button, exact: true }).click();
  return text;
}

/** The items of the status bar as a screen reader says them. */
export function statusBarItems(page: Page): Promise<string[]> {
  return page
    .locator('.part.statusbar .statusbar-item:visible')
    .evaluateAll((items) =>
      items.map(
        (item) =>
          item.getAttribute('aria-label') ??
          item.querySelector('[aria-label]')?.getAttribute('aria-label') ??
          item.textContent ??
          '',
      ),
    );
}

/** The lines in sight of the Output channel that is open. Poll it. */
export async function outputLines(page: Page): Promise<string[]> {
  const lines = page.locator('.part.panel .view-lines .view-line');
  return (await lines.allTextContents()).map((line) => line.replaceAll('\u00a0', ' '));
}
