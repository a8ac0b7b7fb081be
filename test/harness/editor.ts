import type { Page } from 'playwright-core';
import { waitFor } from './poll';

const activeEditor = '.editor-group-container.active .editor-instance';

/** VS Code draws spaces as no-break spaces. */
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

/** The lines of the active editor that are in sight, from the top, inlay hints included. */
export async function editorLines(page: Page): Promise<string[]> {
  const lines = await page
    .locator(`${activeEditor} .view-lines .view-line`)
    .evaluateAll((all) =>
      all.map((line) => [parseFloat((line as HTMLElement).style.top), line.textContent ?? ''] as const),
    );
  return [...lines].sort(([a], [b]) => a - b).map(([, text]) => plain(text));
}

/** The titles of the code lenses in sight in the active editor, without icons. Poll it: lenses come when they come. */
export async function codeLenses(page: Page): Promise<string[]> {
  const titles = await page.locator(`${activeEditor} .codelens-decoration > :is(a, span[id])`).allTextContents();
  return titles.map((title) => plain(title).trim());
}

/** Waits for a code lens with this in its title and clicks it. */
export async function clickCodeLens(page: Page, title: string | RegExp): Promise<void> {
  await page.locator(`${activeEditor} .codelens-decoration a`).filter({ hasText: title }).first().click();
}

/** The middle of a piece of text in the active editor, in page pixels. */
async function positionOf(page: Page, text: string): Promise<{ x: number; y: number }> {
  return waitFor(`'${text}' in the editor`, () =>
    page.locator(`${activeEditor} .view-lines .view-line`).evaluateAll((lines, wanted) => {
      for (const line of lines) {
        const at = (line.textContent ?? '').replaceAll('\u00a0', ' ').indexOf(wanted);
        if (at < 0) continue;
        // The middle character, wherever the tokens of the line begin and end.
        let rest = at + Math.floor(wanted.length / 2);
        const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
          const length = node.textContent?.length ?? 0;
          if (rest < length) {
            const range = document.createRange();
            range.setStart(node, rest);
            range.setEnd(node, rest + 1);
            const box = range.getBoundingClientRect();
            return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
          }
          rest -= length;
        }
      }
      return undefined;
    }, text),
  );
}

/** Puts the cursor into a piece of text that is in sight in the active editor. */
export async function clickText(page: Page, text: string): Promise<void> {
  const { x, y } = await positionOf(page, text);
  await page.mouse.click(x, y);
}

/**
 * Rests the mouse on a piece of text in the active editor and returns what the hover says; the hover stays open.
 * @throws Error when no hover comes within 15 s
 */
export async function hoverText(page: Page, text: string): Promise<string> {
  const hover = page.locator('.monaco-hover:not(.hidden):visible .monaco-hover-content').first();
  await page.mouse.move(1, 1); // an older hover, kept open by the mouse on it, would be read in its place
  await hover.waitFor({ state: 'hidden' });
  const { x, y } = await positionOf(page, text);
  await page.mouse.move(x, y, { steps: 4 });
  return waitFor(`a hover on '${text}'`, async () => {
    const content = (await hover.isVisible()) ? plain(await hover.innerText()).trim() : '';
    return content !== 'Loading...' && content;
  });
}
