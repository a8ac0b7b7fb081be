import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { PNG } from 'pngjs';
import type { CurveChartProps } from '../../../webview/ui/charts/curve-chart';
import type { Exported } from '../../../webview/ui/charts/figure';
import type { LayerChartProps } from '../../../webview/ui/charts/layer-chart';
import { PLOT_CLASS } from '../../../webview/ui/charts/use-plot';
import { STYLE_HASHES } from '../../../webview/ui/csp';
import { closeBrowser } from '../../harness/chromium-browser';
import { waitFor } from '../../harness/poll';
import { openPage, seriousIssues, type OpenPage } from '../open-page';
import { THEMES, type Theme } from '../themes';

/** What test/webview/pages/charts.tsx offers. */
interface Gallery {
  gallery: {
    show(curve?: Partial<CurveChartProps>, layer?: Partial<LayerChartProps>): void;
    events: string[];
    exported: Exported[];
  };
}
declare const gallery: Gallery['gallery'];

const UNITS = 4096;
const TITLES = ['Pruning curve', 'Mean activations', 'Activations', 'Mean by class', 'Outgoing weights'];
const rgb = (hex: string): [number, number, number] =>
  [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)) as [number, number, number];

/** How many pixels have this colour, but for antialiasing. */
function pixelsOf({ data }: PNG, [red, green, blue]: [number, number, number]): number {
  let found = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (
      Math.abs((data[i] ?? 0) - red) + Math.abs((data[i + 1] ?? 0) - green) + Math.abs((data[i + 2] ?? 0) - blue) <
      12
    )
      found++;
  }
  return found;
}

describe('charts in a page', function () {
  this.timeout(60_000);
  let open: OpenPage;

  before(async () => {
    open = await openPage('test/webview/pages/charts.tsx');
  });
  after(async () => {
    await open.close();
    await closeBrowser();
  });

  /** Saves a chart by its menu, with the keyboard. */
  async function save(title: string, downs: number): Promise<{ name: string; format: string; content: Buffer }> {
    const { page } = open;
    const before = await page.evaluate(() => gallery.exported.length);
    await page.getByRole('button', { name: `Save ${title}` }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menu').waitFor();
    for (let i = 0; i < downs; i++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    return await waitFor(`${title} to be saved`, () =>
      page.evaluate((n) => {
        const one = gallery.exported[n];
        return one && { name: one.name, format: one.format, content: Array.from(one.content) };
      }, before),
    ).then(({ name, format, content }) => ({ name, format, content: Buffer.from(content) }));
  }

  for (const theme of Object.keys(THEMES) as Theme[]) {
    it(`stand under the policy without a violation or a serious fault of accessibility: ${theme}`, async () => {
      await open.setTheme(theme);
      for (const title of TITLES) {
        const figure = open.page.getByRole('figure', { name: title, exact: true });
        const chart = figure.getByRole('img', { name: title, exact: true });
        assert.ok(((await chart.boundingBox())?.width ?? 0) > 600, title);
        assert.ok(((await chart.getAttribute('aria-description')) ?? '').length > 30, `${title} has no description`);
      }
      assert.deepEqual(await open.faults(), []);
      assert.deepEqual(await seriousIssues(open.page), []);
    });
  }

  it('take the colours of the theme that is on, without being drawn again', async () => {
    const line = open.page.locator(`svg.${PLOT_CLASS} [stroke="var(--fp-clean)"]`).first();
    const colour = (): Promise<string> => line.evaluate((element) => getComputedStyle(element).stroke);
    await open.setTheme('vscode-dark');
    await line.evaluate((element) => element.setAttribute('data-same', ''));
    assert.equal(await colour(), `rgb(${rgb(THEMES['vscode-dark']['--vscode-charts-blue']).join(', ')})`);
    await open.setTheme('vscode-light');
    assert.equal(await colour(), `rgb(${rgb(THEMES['vscode-light']['--vscode-charts-blue']).join(', ')})`);
    assert.equal(await line.getAttribute('data-same'), '');
    await open.setTheme('vscode-dark');
  });

  it('write the one style element whose hash the policy names', async () => {
    const styles = await open.page.locator('svg style').allTextContents();
    assert.equal(styles.length, TITLES.length);
    for (const style of styles)
      assert.ok(STYLE_HASHES.includes(`'sha256-${createHash('sha256').update(style).digest('base64')}'`));
  });

  it('draw 4,096 units as a few paths', async () => {
    const elements = await open.page.getByRole('img', { name: 'Mean activations' }).locator('*').count();
    assert.ok(elements < 120, `${elements} elements`);
  });

  it('move marks and nothing else when another number or unit is looked at', async () => {
    const outcome = await open.page.evaluate(async () => {
      const charts = Array.from(document.querySelectorAll('svg.fp-plot'));
      const outside: string[] = [];
      let inside = 0;
      const observer = new MutationObserver((records) => {
        for (const { target } of records) {
          const element = target instanceof Element ? target : target.parentElement;
          if (element?.closest('.fp-marker')) inside++;
          else outside.push(element?.outerHTML.slice(0, 80) ?? '?');
        }
      });
      for (const chart of charts)
        observer.observe(chart.parentElement ?? chart, {
          subtree: true,
          childList: true,
          attributes: true,
          characterData: true,
        });
      const selected = new Uint8Array(4096).fill(1, 100, 200);
      gallery.show({ chosen: 1500 }, { chosenCount: 1500, selected, current: 3000 });
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      observer.disconnect();
      return { inside, outside, same: charts.every((chart) => chart.isConnected) };
    });
    assert.deepEqual(outcome.outside, []);
    assert.ok(outcome.same && outcome.inside > 5);
    // Where the marks stand now: 1,500 of 4,096 of the frame, units 100 to 199, and the figures of unit 3000.
    const box = async (lane: string): Promise<{ from: number; to: number }> => {
      const { left, right } = await open.page.locator(`[data-lane=${lane}]`).evaluate((path: SVGPathElement) => ({
        left: path.getBBox().x,
        right: path.getBBox().x + path.getBBox().width,
      }));
      return {
        from: Math.round(((left - 58) / (640 - 58 - 8)) * UNITS),
        to: Math.round(((right - 58) / (640 - 58 - 8)) * UNITS),
      };
    };
    const near = (value: number, wanted: number): void =>
      assert.ok(Math.abs(value - wanted) <= 2, `${value} is not ${wanted}`);
    near((await box('chosen')).to, 1500);
    near((await box('selected')).from, 100);
    near((await box('selected')).to, 200);
    near((await box('pruned')).to, 12);
    const texts = await open.page.locator('.fp-marker text').allTextContents();
    assert.ok(
      texts.includes('chosen: 1,500') && texts.some((text) => text.startsWith('neuron 3000: clean 0.7324')),
      texts.join(' | '),
    );
  });

  it('tell which number or unit was pointed at', async () => {
    const { page } = open;
    const at = async (name: string, x: number): Promise<void> => {
      const chart = page.getByRole('img', { name, exact: true });
      await chart.scrollIntoViewIfNeeded();
      await chart.click({ position: { x, y: 150 } });
    };
    const last = (): Promise<string | undefined> => page.evaluate(() => gallery.events.at(-1));
    await at('Pruning curve', 46 + (640 - 46 - 16) / 2);
    assert.match((await last()) ?? '', /^choose 20(4[0-9]|5[0-5])$/);
    await at('Mean activations', 58 + (640 - 58 - 8) / 4);
    assert.match((await last()) ?? '', /^pick 10(1[5-9]|2[0-9]|3[0-3])$/);
  });

  it('show the data behind them when asked, 500 rows of them', async () => {
    const figure = open.page.getByRole('figure', { name: 'Mean activations' });
    assert.equal(await figure.locator('table').count(), 0);
    await figure.getByText('Data').click();
    await figure.locator('table').waitFor();
    assert.equal(await figure.locator('tbody tr').count(), 500);
    assert.match((await figure.locator('caption').textContent()) ?? '', /^500 of 4,096 rows/);
    assert.deepEqual(await figure.locator('tbody tr').nth(7).locator('td').allTextContents(), [
      '7',
      '0.001709',
      '2',
      '1.998',
      'pruned',
    ]);
    assert.deepEqual(await seriousIssues(open.page), []);
    await figure.getByText('Data').click();
    await waitFor('the table to go', async () => (await figure.locator('table').count()) === 0);
  });

  it('are saved as a drawing that stands alone', async () => {
    const { name, format, content } = await save('Pruning curve', 0);
    assert.deepEqual([name, format], ['pruning-curve', 'svg']);
    const svg = content.toString('utf8');
    assert.match(svg, /^<\?xml version="1.0" encoding="UTF-8"\?>\n<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    assert.doesNotMatch(svg, /var\(|currentColor|class=|<style|style=/);
    // Drawn by a browser without our style sheets and variables it shows background and line in the theme's colours.
    const page = await open.page.context().newPage();
    await page.setViewportSize({ width: 640, height: 280 });
    await page.goto(`data:image/svg+xml;base64,${content.toString('base64')}`);
    const picture = PNG.sync.read(await page.screenshot());
    await page.close();
    assert.ok(pixelsOf(picture, rgb(THEMES['vscode-dark']['--vscode-charts-blue'])) > 300);
    assert.ok(pixelsOf(picture, rgb(THEMES['vscode-dark']['--vscode-editorWidget-background'])) > 100_000);
  });

  it('are saved as a picture at twice the size', async () => {
    for (const title of TITLES) {
      const { format, content } = await save(title, 1);
      assert.equal(format, 'png');
      const picture = PNG.sync.read(content);
      const chart = await open.page.getByRole('img', { name: title, exact: true }).boundingBox();
      assert.deepEqual([picture.width, picture.height], [1280, Math.round((chart?.height ?? 0) * 2)], title);
      assert.ok(pixelsOf(picture, rgb(THEMES['vscode-dark']['--vscode-charts-blue'])) > 100, title);
    }
    assert.deepEqual(await open.faults(), []);
  });

  it('are saved as a table with all rows', async () => {
    const { format, content } = await save('Pruning curve', 2);
    assert.equal(format, 'csv');
    const lines = content.toString('utf8').split('\r\n');
    assert.equal(lines.length, UNITS + 3);
    assert.deepEqual(
      [lines[0], lines[1], lines.at(-1)],
      ['Neurons pruned,Clean accuracy,Attack success rate', '0,0.987,0.998', ''],
    );
  });

  it('close the menu with Escape and give the focus back', async () => {
    const button = open.page.getByRole('button', { name: 'Save Outgoing weights' });
    await button.focus();
    await open.page.keyboard.press('Enter');
    await open.page.getByRole('menu').waitFor();
    await open.page.keyboard.press('End');
    assert.equal(await open.page.evaluate(() => document.activeElement?.textContent), 'CSV table');
    await open.page.keyboard.press('Escape');
    await open.page.getByRole('menu').waitFor({ state: 'detached' });
    assert.ok(await button.evaluate((element) => element === document.activeElement));
  });
});
