// The inspector's figures, in a real VS Code in Chromium with the built extension on the whole demo: milliseconds from the page being
// ready to its first chart, the first and the second time; main-thread time of a move of the slider and of a screen of scrolling.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Frame, Page } from 'playwright-core';
import { closeBrowser, openFile, openWorkbench, runCommand } from '../harness/browser';
import { webviewPage } from '../harness/inspector';
import { projectRoot } from '../harness/install';
import { waitFor } from '../harness/poll';
import { startVsCode } from '../harness/vscode-server';
import { makeDemoWorkspace, NAME } from '../e2e/demo-workspace';

export interface InspectorFigures {
  /** From the page's own scripts running to the first chart drawn. */
  firstChartMs: number;
  secondChartMs: number;
  slider: { moves: number; medianMs: number };
  scroll: { screens: number; medianMs: number };
}

const MOVES = 60;

export async function inspectorFigures(): Promise<InspectorFigures> {
  const temp = mkdtempSync(path.join(os.tmpdir(), 'fine-prune-inspector-'));
  const folder = await makeDemoWorkspace(temp);
  const server = await startVsCode({
    linkExtension: projectRoot,
    folder,
    env: { HOME: process.env.HOME, XDG_CACHE_HOME: process.env.XDG_CACHE_HOME },
  });
  try {
    const page = await openWorkbench(server, { viewport: { width: 1900, height: 1000 } });
    await openFile(page, `${NAME}.fineprune.json`);
    const first = await open(page);
    const slider = await sliderMoves(page, first.document);
    const scroll = await scrolling(first.document);
    await runCommand(page, 'View: Close Editor');
    const second = await open(page);
    return { firstChartMs: first.ms, secondChartMs: second.ms, slider, scroll };
  } finally {
    await closeBrowser();
    await server.stop();
    rmSync(temp, { recursive: true, force: true });
  }
}

/** Opens the inspector; the page's clock starts when it is loaded. */
async function open(page: Page): Promise<{ document: Frame; ms: number }> {
  await openFile(page, `${NAME}.fineprune.json`);
  await runCommand(page, 'Fine-Prune: Inspect Neuron Activations');
  const document = await (await webviewPage(page, 'h2')).document();
  await document.locator('svg.fp-plot').first().waitFor({ timeout: 60_000 });
  const ms = await waitFor('the mark of the first chart', () =>
    document.evaluate(() => performance.getEntriesByName('fp-first-chart')[0]?.duration),
  );
  await document.locator('[data-testid=sentence]').waitFor();
  return { document, ms: Math.round(ms) };
}

async function sliderMoves(page: Page, document: Frame): Promise<{ moves: number; medianMs: number }> {
  await document.locator('input[type=range]').focus();
  for (let i = 0; i < MOVES; i++) await page.keyboard.press('ArrowRight');
  const durations = await waitFor('the moves of the slider', async () => {
    const found = await document.evaluate(() =>
      performance.getEntriesByName('fp-slider').map(({ duration }) => duration),
    );
    // Moves within one frame are one.
    return found.length >= MOVES / 4 && found;
  });
  return { moves: durations.length, medianMs: median(durations) };
}

/** Main-thread time of scrolling the grid by a screen: from the scroll event to the frame that shows it. */
async function scrolling(document: Frame): Promise<{ screens: number; medianMs: number }> {
  const times = await document.evaluate(async () => {
    const grid = globalThis.document.querySelector('[role=grid]');
    if (!grid) return [];
    const each: number[] = [];
    const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
    for (let i = 0; i < 30; i++) {
      grid.scrollTop = (i % 6) * 400;
      await frame();
      const start = performance.now();
      // Handlers of this frame have run; what they drew is laid out here.
      grid.getBoundingClientRect();
      await new Promise((resolve) => setTimeout(resolve));
      each.push(performance.now() - start);
    }
    return each;
  });
  return { screens: times.length, medianMs: median(times) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? NaN) * 10) / 10;
}
