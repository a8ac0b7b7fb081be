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
      const found = await frame.locator(marker).first().isVisible().catch(() => false);
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
