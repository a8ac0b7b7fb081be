import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { mostRaised } from '../../../server/engine/pass/ranking';
import type { ReportState } from '../../../server/protocol/messages/inspect';
import { BACKENDS, opened, subjectOf } from '../../engine/inspect/support';
import { rateText } from '../../../webview/inspector/words/words';
import { closeBrowser } from '../../harness/chromium-browser';
import { waitFor } from '../../harness/poll';
import { makeTempDir } from '../../harness/processes';
import { InspectorHost } from '../inspector-host';
import { seriousIssues } from '../open-page';

const EXAMPLE = path.resolve(__dirname, '../../../examples/mnist-badnets');
const [BACKEND] = BACKENDS;
/** Enough for what is not about the figures of the example itself. */
const FEW = { testImages: 1000, holdout: 500 };

const text = (page: Page, selector: string): Promise<string> => page.locator(selector).first().innerText();
/** Positions on the marks of a lane, at the middle of each unit. */
const marked = (page: Page, lane: string): Promise<string> =>
  page
    .locator(`path[data-lane=${lane}]`)
    .first()
    .getAttribute('d')
    .then((d) => d ?? '');

describe('what the config prunes, on the inspector’s page, with the example model and the engine behind it', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-planned-');
  let host: InspectorHost | undefined;
  /** The 24 neurons of dense_1 that the trigger raises most, ascending. */
  let raised: number[];

  /** A config of the example model; model and data are read where they are. `data` are further fields of its data. */
  const config = (name: string, more: Record<string, unknown>, data: Record<string, unknown> = FEW): string => {
    const folder = path.join(temp.dir, name);
    mkdirSync(folder, { recursive: true });
    const there = (file: string): string => path.relative(folder, path.join(EXAMPLE, file));
    const split = (role: string) => ({
      images: there(`data/${role}-images-idx3-ubyte.gz`),
      labels: there(`data/${role}-labels-idx1-ubyte.gz`),
    });
    const file = path.join(folder, 'demo.fineprune.json');
    writeFileSync(
      file,
      JSON.stringify({
        model: there('model.json'),
        data: { train: split('train'), test: split('t10k'), ...data },
        trigger: { kind: 'patch', target: 0 },
        ...more,
      }),
    );
    return file;
  };
  const allowed = { allowedFolders: [EXAMPLE] };

  /** Waits until the figures of what the config prunes are there. */
  const open = async (file: string, report: ReportState | null = null): Promise<Page> => {
    host = await InspectorHost.open(subjectOf(file, BACKEND, allowed));
    host.report = report;
    await host.page.getByTestId('readout').waitFor({ timeout: 120_000 });
    await waitFor('the figures', async () => !/being measured/.test(await shown(host!.page)), { deadlineMs: 60_000 });
    return host.page;
  };
  /** What the engine measures with exactly these neurons pruned, as the page writes it. */
  const measured = async (file: string, units: readonly number[]): Promise<RegExp> => {
    const { masked } = await (
      await opened(file, BACKEND, allowed)
    ).ask({ kind: 'mask', layer: 'dense_1', state: 'before', units: Int32Array.from(units), scope: 'full' });
    return new RegExp(
      `^${units.length} of 128 neurons pruned .*clean accuracy ${rateText(masked.cleanAccuracy.rate)} .*attack success rate ${rateText(masked.attackSuccessRate!.rate)} `,
    );
  };
  const shown = async (page: Page): Promise<string> => (await text(page, '[data-testid=readout]')).replace(/\s+/g, ' ');

  before(async () => {
    const asker = await opened(config('plain', {}, {}), BACKEND, allowed);
    const { cleanMean, triggeredMean } = await asker.ask({ kind: 'layer', layer: 'dense_1', state: 'before' });
    raised = mostRaised(cleanMean, triggeredMean!, 24).sort((a, b) => a - b);
    const { masked } = await asker.ask({
      kind: 'mask',
      layer: 'dense_1',
      state: 'before',
      units: Int32Array.from(raised),
      scope: 'full',
    });
    assert.deepEqual(
      [masked.cleanAccuracy.hits, masked.cleanAccuracy.of, (100 * masked.attackSuccessRate!.rate).toFixed(2)],
      [9306, 10_000, '16.24'],
      'the mask’s own figures',
    );
  });
  afterEach(async () => {
    await host?.close();
    host = undefined;
  });
  after(async () => {
    await closeBrowser();
    await temp.remove();
  });

  it('gives the figures of the neurons that it names, and marks these; those of the rule while the slider is moved, and the way back', async () => {
    const page = await open(config('named', { prune: { units: raised } }, {}));
    assert.match(
      await shown(page),
      /^24 of 128 neurons pruned \(18\.8 %\) : clean accuracy 93\.06 % \(−5\.83\) , attack success rate 16\.24 % \(−83\.5\d\) , base rate \(no trigger\) \d\.\d\d % \([+−]\d\.\d\d\)$/,
    );
    assert.match(
      (await page.getByRole('slider').getAttribute('aria-valuetext')) ?? '',
      /^24 of 128 neurons pruned \(18\.8 %\): clean accuracy 93\.06 %, attack success rate 16\.24 %, base rate \(no trigger\) \d\.\d\d %$/,
    );
    assert.match(
      await text(page, '[data-testid=plan]'),
      new RegExp(
        `^The config names these 24 neurons: ${raised.slice(0, 8).join(', ')} and 16 more\\. The curve follows the rule, so they are not on it\\.$`,
      ),
    );
    // The table begins with what the trigger raises most.
    const rows = await page
      .locator('[role=row][data-row]')
      .evaluateAll((all) =>
        all.map((row) => [Number((row as HTMLElement).dataset.row), /prune(?!d)/.test(row.textContent ?? '')] as const),
      );
    const goes = new Map(rows);
    assert.ok(
      [0, 1, 2, 3].every((row) => goes.get(row) === true),
      JSON.stringify(rows),
    );
    // In the table's order they stand side by side: one run of marks.
    const marks = await marked(page, 'chosen');
    assert.equal(marks.match(/M/g)?.length, 1, marks);
    assert.equal(await page.locator('svg text', { hasText: /^named: 24$/ }).count(), 1);
    const useRatio = page.getByRole('button', { name: 'Use This Ratio' });
    assert.equal(await useRatio.isDisabled(), true);
    assert.deepEqual(await seriousIssues(page), []);
    assert.deepEqual(await host!.faults(), []);

    await page.getByRole('slider').press('ArrowRight');
    await waitFor('25 by the rule', async () => /^25 of 128/.test(await shown(page)));
    assert.match(
      await shown(page),
      /^25 of 128 neurons pruned \(19\.5 %\) : clean accuracy 98\.89 % \(±0\) , attack success rate 99\.80 % \(±0\) , base rate \(no trigger\) 0\.02 % \(±0\)$/,
    );
    assert.notEqual(await marked(page, 'chosen'), marks, 'other neurons are marked');
    assert.equal(await useRatio.isDisabled(), false);
    await page.getByRole('button', { name: 'the 24 neurons that the config names' }).press('Enter');
    await waitFor('the named ones', async () => /93\.06 %.*16\.24 %/.test(await shown(page)));
    assert.equal(await marked(page, 'chosen'), marks);
  });

  it('says on another layer that the config names units of its own', async () => {
    const page = await open(config('other', { prune: { units: raised } }));
    await page.locator('#layer').evaluate((element) => {
      (element as HTMLElement & { value: string }).value = 'conv2d_2';
      element.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await waitFor('the other layer', async () => /^12 of 64 channels pruned/.test(await shown(page)), {
      deadlineMs: 120_000,
    });
    assert.equal(
      await text(page, '[data-testid=plan]'),
      'The config names 24 units of dense_1; this is 20 % of this layer.',
    );
  });

  it('follows the config when other neurons are named, wherever the slider stands', async () => {
    const page = await open(config('edited', { prune: { ratio: 0.2 } }));
    assert.equal(await text(page, '[data-testid=plan]'), 'This is what the config prunes.');
    await page.getByRole('slider').press('End');
    await waitFor('all of them', async () => /^128 of 128/.test(await shown(page)));
    const figures = await measured(config('edited', { prune: { units: raised } }), raised);
    await host!.tell({ type: 'changed' });
    await waitFor('the named ones', async () => figures.test(await shown(page)), { deadlineMs: 60_000 });
  });

  it('gives what a run chose where the config leaves it to the run, and else what "auto" would choose', async () => {
    const auto = config('auto', { prune: { ratio: 'auto' } });
    const report: ReportState = {
      verdict: { word: 'not mitigated', sentence: 'As it was.' },
      changed: [],
      layer: 'dense_1',
      pruned: raised,
      after: false,
    };
    const ran = await open(auto, report);
    const figures = await measured(auto, raised);
    await waitFor('what the run chose', async () => figures.test(await shown(ran)), { deadlineMs: 60_000 });
    assert.equal(await text(ran, '[data-testid=plan]'), 'This is what the last run chose.');
    await host!.close();

    const { limit } = await (
      await opened(auto, BACKEND, allowed)
    ).ask({ kind: 'limit', layer: 'dense_1', state: 'before' });
    const fresh = await open(auto);
    await waitFor(
      'the limit',
      async () => (await text(fresh, '[data-testid=plan]')) === 'This is what "auto" chooses, on held-out images.',
      { deadlineMs: 60_000 },
    );
    assert.ok((await shown(fresh)).startsWith(`${limit!.pruned} of 128 neurons pruned`), await shown(fresh));
  });
});
