import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Frame, FrameLocator, Page } from 'playwright-core';
import { waitFor } from './poll';

/** The inspector's page, which is open in a window. */
export interface InspectorPage {
  /** Finds elements in it. */
  readonly frame: FrameLocator;
  /** Runs code in it. */
  document(): Promise<Frame>;
}

/** The page of the webview that is in sight and holds `marker`. @throws Error when there is none within the deadline */
export async function webviewPage(page: Page, marker = '#app', deadlineMs = 60_000): Promise<InspectorPage> {
  const find = async (): Promise<Frame | undefined> => {
    for (const frame of page.frames()) {
      const found = await frame
        .locator(marker)
        .first()
        .isVisible()
        .catch(() => false);
      if (found && frame.parentFrame() !== null) return frame;
    }
    return undefined;
  };
  await waitFor(`a webview with ${marker}`, find, { deadlineMs });
  return {
    frame: page.frameLocator('iframe.webview.ready').last().frameLocator('iframe#active-frame'),
    document: async () => (await find()) ?? Promise.reject(new Error(`the webview with ${marker} is gone`)),
  };
}

/** Messages of the console that tell of a content security policy that something was refused by. */
export function collectViolations(page: Page): readonly string[] {
  const found: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy|violates the following/i.test(message.text())) found.push(message.text());
  });
  return found;
}

const axeSource = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');
const BODY_CLASSES: Readonly<Record<string, string>> = {
  light: 'vscode-light',
  'hc-dark': 'vscode-high-contrast',
  'hc-light': 'vscode-high-contrast-light',
  dark: 'vscode-dark',
};

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary?: string }[];
}

/**
 * What axe-core finds in a page that is serious or worse.
 * @param theme the theme that the workbench has been given: pages hear of it a little later
 */
export async function seriousViolations(frame: Frame, theme: string): Promise<string[]> {
  await waitFor('the page in its theme', async () =>
    ((await frame.locator('body').getAttribute('class')) ?? '').split(' ').includes(BODY_CLASSES[theme]!),
  );
  await frame.evaluate(axeSource);
  const violations = await frame.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    return (await axe.run()).violations;
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map(({ html, failureSummary }) => `${html.slice(0, 200)} (${failureSummary?.replace(/\s+/g, ' ') ?? ''})`)
          .join(' | ')}`,
    );
}

/** What the browser's VS Code has stored about open editors, without the escapes of JSON within JSON. */
export function storedEditors(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const texts: string[] = [];
    for (const { name } of await indexedDB.databases()) {
      if (!name?.startsWith('vscode-web-state-db')) continue;
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const opening = indexedDB.open(name);
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(new Error(String(opening.error)));
      });
      for (const store of Array.from(database.objectStoreNames)) {
        texts.push(
          ...(
            await new Promise<unknown[]>((resolve) => {
              const reading = database.transaction(store).objectStore(store).getAll();
              reading.onsuccess = () => resolve(reading.result as unknown[]);
            })
          ).filter((value): value is string => typeof value === 'string'),
        );
      }
      database.close();
    }
    return texts.join('\n').replaceAll('\\', '');
  });
}
