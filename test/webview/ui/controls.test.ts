import assert from 'node:assert/strict';
import { closeBrowser } from '../../harness/chromium-browser';
import { waitFor } from '../../harness/poll';
import { openPage, seriousIssues, type OpenPage } from '../open-page';
import { THEMES, type Theme } from '../themes';

/** What test/webview/pages/controls.tsx offers. */
declare const controls: { events: string[] };

const TAGS = [
  'button',
  'checkbox',
  'divider',
  'dropdown',
  'link',
  'option',
  'progress-ring',
  'radio',
  'radio-group',
  'text-field',
];

describe('controls of a page', function () {
  this.timeout(60_000);
  let open: OpenPage;

  before(async () => {
    open = await openPage('test/webview/pages/controls.tsx');
  });
  after(async () => {
    await open.close();
    await closeBrowser();
  });

  const events = (): Promise<string[]> => open.page.evaluate(() => controls.events.splice(0));
  const chosen = (): Promise<string | null> => open.page.getByTestId('chosen').textContent();

  it('are registered, every one that a page may use', async () => {
    const shown = await open.page.evaluate(
      (tags) => tags.filter((tag) => document.querySelector(`vscode-${tag}`)?.shadowRoot),
      TAGS,
    );
    assert.deepEqual(shown, TAGS);
  });

  for (const theme of Object.keys(THEMES) as Theme[]) {
    it(`stand under the policy without a violation or a serious fault of accessibility: ${theme}`, async () => {
      await open.setTheme(theme);
      assert.deepEqual(await open.faults(), []);
      assert.deepEqual(await seriousIssues(open.page), []);
    });
  }

  it('show the font of the icons', async () => {
    const loaded = await open.page.evaluate(() => document.fonts.load('16px codicon').then((faces) => faces.length));
    assert.equal(loaded, 1);
  });

  it('tell what was chosen, and no more than once', async () => {
    const { page } = open;
    await events();
    assert.equal(await chosen(), 'dense_2 false before');
    await page.getByRole('combobox', { name: 'Layer' }).focus();
    await page.keyboard.press('ArrowDown');
    await waitFor('the next layer', async () => (await chosen()) === 'conv2d_1 false before');
    await page.getByRole('checkbox').click();
    await waitFor('the check', async () => (await chosen()) === 'conv2d_1 true before');
    await page.getByRole('radio', { name: 'After' }).click();
    await waitFor('the state', async () => (await chosen()) === 'conv2d_1 true after');
    await page.getByRole('button', { name: 'Next' }).click();
    await page.locator('vscode-button[disabled]').click({ force: true });
    await page.locator('vscode-text-field input').fill('0.75');
    assert.deepEqual(await events(), ['layer conv2d_1', 'check true', 'state after', 'next', 'text 0.75']);
  });

  it('slide with the keyboard and say where they stand', async () => {
    const slider = open.page.getByRole('slider', { name: 'Number of pruned neurons' });
    await slider.focus();
    await open.page.keyboard.press('ArrowRight');
    await waitFor('one more', async () => (await slider.getAttribute('aria-valuetext')) === '26 of 128 neurons');
    await open.page.keyboard.press('End');
    await waitFor('the end', async () => (await slider.getAttribute('aria-valuetext')) === '128 of 128 neurons');
    assert.equal(await slider.evaluate((element) => getComputedStyle(element).getPropertyValue('--fp-share')), '1');
  });

  it('read out what changed, politely or at once', async () => {
    const { page } = open;
    await page.getByRole('button', { name: 'Say' }).click();
    await waitFor('the text', async () => (await page.getByRole('status').textContent()) === 'Read out');
    // The progress ring is an alert of its own.
    const alert = page.locator('div[role=alert]');
    await page.getByRole('button', { name: 'Alert' }).click();
    await waitFor('the alert', async () => (await alert.textContent()) === 'At once');
    assert.equal(await page.getByRole('status').textContent(), '');
  });

  it('show images pixel by pixel', async () => {
    const pixels = (name: string): Promise<number[]> =>
      open.page
        .getByRole('img', { name })
        .evaluate((canvas: HTMLCanvasElement) =>
          Array.from(canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []),
        );
    assert.deepEqual(
      await pixels('Image 3, clean'),
      [0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255, 64, 64, 64, 255],
    );
    assert.deepEqual(
      await pixels('Image 4, in colour'),
      [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255, 255, 255, 255],
    );
    assert.ok((await pixels('Image 5, of another shape')).every((byte) => byte === 0));
    assert.equal(
      await open.page
        .getByRole('img', { name: 'Image 3, clean' })
        .evaluate((canvas) => getComputedStyle(canvas).imageRendering),
      'pixelated',
    );
  });

  it('show a filter by strength and sign', async () => {
    const filter = open.page.getByRole('img', { name: 'Filter of 2×2 weights, from −1.00 to 1.00' });
    const cells = await filter
      .locator('svg')
      .first()
      .locator('rect')
      .evaluateAll((rects) => rects.map((rect) => `${rect.getAttribute('fill')} ${rect.getAttribute('fill-opacity')}`));
    assert.deepEqual(cells, [
      'var(--fp-positive) 0.5',
      'var(--fp-negative) 1',
      'var(--fp-positive) 0',
      'var(--fp-positive) 0.25',
    ]);
    assert.equal(await filter.locator('svg').first().locator('path').count(), 1);
  });

  it('know their width as it changes', async () => {
    const shown = async (): Promise<number> => Number(await open.page.getByTestId('width').textContent());
    const before = await waitFor('a width', shown);
    await open.page.setViewportSize({ width: 700, height: 900 });
    await waitFor('the new width', async () => (await shown()) === before - 200);
  });
});
