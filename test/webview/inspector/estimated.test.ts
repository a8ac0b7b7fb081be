import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import type { InspectSubject } from '../../../server/protocol/messages/inspect-engine';
import { ATTACKED_TARGET, attackedConfig, makeAttacked } from '../../engine/attacked-model';
import { subjectOf } from '../../engine/inspect/support';
import { closeBrowser } from '../../harness/chromium-browser';
import { waitFor } from '../../harness/poll';
import { makeTempDir } from '../../harness/processes';
import { InspectorHost } from '../inspector-host';
import { seriousIssues } from '../open-page';
import { THEMES, type Theme } from '../themes';

const GATES = { maxAttackSuccessRate: 0.3, maxAccuracyDrop: 0.3 };
/** A search takes a while on a busy machine. */
const SEARCHED_MS = 240_000;

const text = (page: Page, selector: string): Promise<string> => page.locator(selector).first().innerText();
const isFocused = (page: Page, selector: string): Promise<boolean> =>
  page
    .locator(selector)
    .first()
    .evaluate((element) => element === document.activeElement);

describe('the inspector’s page on an estimated trigger, with the engine behind it', function () {
  this.timeout(400_000);
  const temp = makeTempDir('fp-inspector-page-');
  const kept = process.env.FINE_PRUNE_CACHE;
  const folders = { attacked: path.join(temp.dir, 'attacked'), harmless: path.join(temp.dir, 'harmless') };
  let host: InspectorHost | undefined;

  const subject = (
    folder: string,
    name: string,
    trigger: unknown,
    more: Record<string, unknown> = {},
  ): InspectSubject => subjectOf(attackedConfig(folder, name, trigger, more), 'wasm');
  const estimated = (): InspectSubject =>
    subject(folders.attacked, 'small', 'inverted', { prune: { rule: 'triggered-difference' }, gates: GATES });
  /** Everything is there that the page asks for by itself. */
  const open = async (
    of: InspectSubject,
    looks: Parameters<typeof InspectorHost.open>[1] = {},
  ): Promise<InspectorHost> => {
    host = await InspectorHost.open(of, looks);
    await host.page.locator('#scan-title').waitFor({ timeout: SEARCHED_MS });
    await host.page.waitForFunction(
      () => !/Looking for|Reading examples/.test(document.body.textContent ?? ''),
      undefined,
      { timeout: 60_000 },
    );
    return host;
  };

  before(async () => {
    process.env.FINE_PRUNE_CACHE = path.join(temp.dir, 'cache');
    for (const folder of Object.values(folders)) mkdirSync(folder);
    await makeAttacked(folders.attacked);
    await makeAttacked(folders.harmless, { poisonRate: 0 });
  });
  afterEach(async () => {
    await host?.close();
    host = undefined;
  });
  after(async () => {
    if (kept === undefined) delete process.env.FINE_PRUNE_CACHE;
    else process.env.FINE_PRUNE_CACHE = kept;
    await closeBrowser();
    await temp.remove();
  });

  it('shows how far the search is, can leave it alone by keyboard, and take it up again', async () => {
    host = await InspectorHost.open(estimated());
    const { page } = host;
    await page
      .getByTestId('loading')
      .getByText(/^Searching for a trigger for each class … [1-9]\d* %/)
      .waitFor({ timeout: 60_000 });
    assert.deepEqual(await seriousIssues(page), []);
    await page.getByRole('button', { name: 'Cancel' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'small has not been analysed yet' }).waitFor();
    const cancelled = host.sent.at(-1);
    assert.equal(cancelled?.type, 'cancel');
    await page.getByRole('button', { name: 'Search Again' }).press('Enter');
    await page.getByTestId('loading').getByText('Searching for a trigger for each class').waitFor();
    await page.locator('#scan-title').waitFor({ timeout: SEARCHED_MS });
    assert.deepEqual(await host.faults(), []);
  });

  for (const theme of Object.keys(THEMES) as Theme[]) {
    it(`is accessible and keeps to the policy in ${theme}`, async () => {
      const { page } = await open(estimated(), { theme });
      await page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
      assert.deepEqual(await seriousIssues(page), []);
      assert.deepEqual(await host!.faults(), []);
      assert.deepEqual(
        host!.sent.filter(({ type }) => type === 'fault'),
        [],
      );
      assert.equal(await page.locator('main h1').count(), 1);
      for (const width of [1400, 400]) {
        await page.setViewportSize({ width, height: 900 });
        await waitFor(
          `nothing to be wider than ${width} pixels`,
          () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
          { deadlineMs: 5000 },
        );
      }
    });
  }

  it('says of all that rests on it that it is estimated, in saved files too', async () => {
    const { page } = await open(estimated());
    assert.match(
      await text(page, '.estimate'),
      /^estimated trigger\s+Class 3: a mask of [\d.]+ pixels sends [\d.]+ % of other images to it\./,
    );
    assert.match(await text(page, 'header .measured'), /538 with the estimated trigger/);
    assert.match(await text(page, '[data-testid=readout]'), /attack success rate \(estimated trigger\)/);
    assert.match(
      (await page.getByRole('slider').getAttribute('aria-valuetext')) ?? '',
      /attack success rate \(estimated trigger\)/,
    );
    assert.match(await text(page, '[data-testid=sentence]'), /the estimated trigger/);
    assert.equal(await page.getByRole('heading', { name: 'What the estimated trigger does' }).count(), 1);
    await page.getByRole('row').nth(1).press('Space');
    await waitFor('the own mask', async () =>
      /^1 neuron pruned.*attack success rate \(estimated trigger\)/.test(await text(page, '[data-testid=mask]')),
    );
    await page.getByRole('button', { name: 'Save Table as CSV' }).click();

    for (const title of ['Pruning curve', 'Mean activations', 'Activations', 'Mean activation by true class']) {
      const figure = page.getByRole('figure', { name: title, exact: true });
      assert.match(
        (await figure.getByRole('img', { name: title, exact: true }).getAttribute('aria-description')) ?? '',
        /estimated trigger/,
        title,
      );
      for (const format of ['SVG image', 'CSV table']) {
        await figure.getByRole('button', { name: `Save ${title}` }).click();
        await page.getByRole('menuitem', { name: format }).click();
      }
    }
    const exported = await waitFor('nine files', () => {
      const files = host!.sent.flatMap((message) => (message.type === 'export' ? [message] : []));
      return files.length === 9 && files;
    });
    for (const { name, format, content } of exported)
      assert.match(new TextDecoder().decode(content), /estimated trigger/, `${name}.${format}`);
  });

  it('names the rule and its limit, and goes there by keyboard', async () => {
    const { page } = await open(estimated());
    assert.match(
      await text(page, '.ratio'),
      /Rule triggered-difference: neurons that the estimated trigger raises most, on held-out images, are pruned first\. The fewest that bring the attack success rate \(estimated trigger\) within its gate of 30 %, on 600 held-out images: \d+ neurons\./,
    );
    const link = page.locator('.ratio').getByRole('button', { name: /^\d+ neurons$/ });
    const fewest = Number.parseInt(await link.innerText(), 10);
    await link.press('Enter');
    await waitFor('the slider', async () =>
      (await text(page, '[data-testid=readout]')).startsWith(`${fewest} of 32 neurons pruned`),
    );
    await page.getByRole('button', { name: 'Use This Ratio' }).click();
    assert.deepEqual(host!.sent.at(-1), { type: 'use-ratio', layer: 'neurons', count: fewest, units: 32 });
  });

  it('leads to the evidence: every class by its mask, smallest first, the suspicious one in words and figures', async () => {
    const { page } = await open(estimated());
    await page.getByRole('button', { name: 'Evidence' }).press('Enter');
    await waitFor('the heading to have the focus', () => isFocused(page, '#scan-title'));
    assert.equal(await text(page, '#scan-title'), 'Is there a trigger?');
    const cards = await page.locator('.masks li').allInnerTexts();
    assert.equal(cards.length, 10);
    assert.match(
      cards[0]!,
      /^\s*Class 3 suspicious\s+[\d.]+ pixels, success [\d.]+ %\s+0\.\d\d of median, index [\d.]+$/,
    );
    assert.ok(cards.slice(1).every((card) => !/suspicious/.test(card)));
    const shares = cards.map((card) => Number(/([\d.]+) of median/.exec(card)![1]));
    assert.deepEqual(
      shares,
      [...shares].sort((a, b) => a - b),
    );
    assert.match(
      (await page.locator('.masks canvas').first().getAttribute('aria-label')) ?? '',
      /^Mask of class 3: suspicious, .*anomaly index [\d.]+; the figures with the trigger use it$/,
    );
    // Something is drawn: the mask where the patch was.
    const drawn = await page
      .locator('.masks canvas')
      .first()
      .evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i + 3]!).flatMap((alpha, i) =>
          alpha > 128 ? [i] : [],
        );
      });
    assert.ok(drawn.length > 0 && drawn.every((pixel) => pixel % 28 >= 20 && pixel >= 20 * 28), drawn.join());
    assert.match(await text(page, '.scan'), /Made because the config describes no trigger\./);
  });

  it('says that a search found nothing, and does not call the model clean', async () => {
    const { page } = await open(subject(folders.harmless, 'harmless', 'inverted'));
    assert.match(
      await text(page, '.notices .bar'),
      /a scan of all 10 classes found none\..*does not show that the model is clean\./,
    );
    assert.match(await text(page, '.scan'), /Nothing found\s+The smallest mask, of class \d/);
    assert.equal(await page.locator('.masks .flagged').count(), 0);
    assert.equal(await page.locator('.path, .estimate').count(), 0);
    assert.ok(!/attack success rate/.test(await text(page, '[data-testid=readout]')));
  });

  it('asks whether there is another trigger beside a known one, offers a scan, and shows it when it is there', async () => {
    const known = subject(folders.attacked, 'known', { kind: 'patch', target: ATTACKED_TARGET }, { seed: 4 });
    const { page } = await open(known);
    assert.equal(await text(page, '#scan-title'), 'Is there another trigger?');
    assert.ok(!/estimated/.test(await text(page, 'main')), 'nothing here is an estimate');
    await page.getByRole('button', { name: 'Scan for Backdoors' }).press('Enter');
    assert.deepEqual(host!.sent.at(-1), { type: 'command', command: 'scan' });

    const first = host!;
    host = undefined;
    await open(subject(folders.attacked, 'other', { kind: 'inverted', target: ATTACKED_TARGET }, { seed: 4 }));
    await host!.close();
    host = first;
    await first.tell({ type: 'changed' });
    await page.locator('.masks li').first().waitFor();
    assert.match(await text(page, '.scan'), /Suspicious: class 3[\s\S]*Made by an earlier run of this config\./);
    assert.equal(await page.getByRole('button', { name: 'Scan for Backdoors' }).count(), 0);
    assert.match(
      await text(page, '[data-testid=readout]'),
      /attack success rate \d/,
      'the known trigger is no estimate',
    );
  });
});
