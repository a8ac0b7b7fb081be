import assert from 'node:assert/strict';
import { closeBrowser } from '../../harness/chromium-browser';
import { repairedReport } from '../../fixtures/repaired-report';
import type { OpenPage } from '../open-page';
import { changed, comparisonOf, editorOf, example, open, sentBy, side, tell, viewOf } from './support';

describe('Pages of reports that are given what is hostile, large or no report', function () {
  this.timeout(120_000);
  let opened: OpenPage | undefined;
  afterEach(async () => {
    await opened?.close();
    opened = undefined;
  });
  after(closeBrowser);

  it('show hostile text as text', async () => {
    const report = example();
    const hostile = '<img src=x onerror="document.title=\'run\'"><script>document.title="run"</script>';
    report.verdict.sentence = hostile;
    report.findings[1]!.message = hostile;
    report.layer.name = `${'x'.repeat(2000)}${hostile}`;
    report.model.path = hostile;
    const repaired = repairedReport();
    repaired.scan!.sentence = hostile;
    repaired.proof!.sentence = hostile;
    Object.assign(repaired.attempts![0]!, {
      sentence: hostile,
      source: hostile,
      layer: `${'x'.repeat(2000)}${hostile}`,
    });
    for (const [page, message] of [
      ['report', viewOf(report)],
      ['report', viewOf(repaired)],
      ['compare', comparisonOf(example(), report)],
    ] as const) {
      const one = await open(page, message);
      await one.page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
      assert.equal(await one.page.locator('main :is(img, script, iframe)').count(), 0);
      assert.ok((await one.page.getByText('<img src=x').count()) > 0, 'it is shown');
      assert.equal(await one.page.title(), 'Test');
      assert.ok(
        await one.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
        'nothing is wider than the page',
      );
      assert.deepEqual(await one.faults(), []);
      await one.close();
    }
  });

  it('draw a bounded part of 1,000 classes and 65,536 units, and say so', async () => {
    opened = await open('report', {
      type: 'broken',
      name: 'x',
      failure: { kind: 'input', code: 'c', message: 'not yet' },
    });
    await opened.page.evaluate((view) => {
      const { report } = view.view;
      const classes = 1000;
      const all = Array.from({ length: classes }, (_, i) => i);
      const cells = (i: number): [number, number][] =>
        all.flatMap((j): [number, number][] => ((i * 7 + j) % 97 === 0 && i !== j ? [[j, 3]] : []));
      const matrix = {
        of: all.map((i) => 3 * all.filter((j) => (i * 7 + j) % 97 === 0).length),
        correct: all.map((i) => ((i * 8) % 97 === 0 ? 3 : 0)),
        wrong: all.map((i) => ({ label: i, as: cells(i) })),
        omitted: 0,
      };
      for (const stage of Object.values(report.confusion)) Object.assign(stage, { clean: matrix, triggered: matrix });
      report.layer.activations = Array.from({ length: 65_536 }, () => report.layer.activations[0]!);
      report.layer.units = report.layer.activations.length;
      report.layer.classMeans = report.layer.activations.map(() => []);
      report.pruning.units = Array.from({ length: 13_107 }, (_, unit) => unit);
      report.pruning.count = report.pruning.units.length;
      window.dispatchEvent(new MessageEvent('message', { data: view }));
    }, viewOf());
    await opened.page.getByText('200 of 13,107.').waitFor();
    assert.equal(await opened.page.getByText('40 of 1,000 classes').count(), 2);
    assert.ok((await opened.page.locator('*').count()) < 12_000, 'elements of the page');
    await opened.page.getByRole('button', { name: 'Show More' }).click();
    await opened.page.getByText('1,200 of 13,107.').waitFor();
  });

  it('say what is wrong with a text that is no report, and lead to it', async () => {
    const failure = {
      kind: 'input' as const,
      code: 'report.json',
      message: 'This is no JSON.',
      file: '/a.defense.json',
      place: 'line 3',
      todo: 'Run the defense again.',
    };
    opened = await open('report', { type: 'broken', name: 'a', failure });
    assert.match(
      (await opened.page.locator('main').textContent()) ?? '',
      /a can’t be shown.*This is no JSON\..*line 3.*Run the defense again\./,
    );
    await opened.page.getByRole('button', { name: 'Open Text' }).click();
    assert.deepEqual(await sentBy(opened), [{ type: 'command', command: 'open-text' }]);
    await tell(opened, viewOf());
    await opened.page.getByRole('heading', { level: 1, name: 'Not mitigated' }).waitFor();
    await opened.close();
    const state = { version: 1 as const, base: side('HEAD'), head: side('tree') };
    opened = await open('compare', {
      type: 'broken',
      state,
      name: 'a',
      labels: { base: 'HEAD', head: 'tree' },
      failure,
      side: 'base',
    });
    assert.match((await opened.page.locator('h1').textContent()) ?? '', /The base of a can’t be read/);
  });

  it('show in words that a message did not fit, instead of loading for ever', async () => {
    const view = viewOf();
    view.view.report.stages.after.cleanAccuracy.rate = 7;
    // The figures of an older text would pass for those of the newer one.
    for (const shown of [null, viewOf()]) {
      opened = await open('report', shown ?? view);
      if (shown) await tell(opened, view);
      await opened.page.getByRole('heading', { level: 1, name: 'The report can’t be shown' }).waitFor();
      assert.match((await opened.page.locator('main').textContent()) ?? '', /cleanAccuracy\.rate/);
      assert.equal((await editorOf(opened)).sent.at(-1)?.type, 'fault');
      await opened.close();
    }
    const comparison = comparisonOf(example(), changed());
    opened = await open('compare', comparison);
    await tell(opened, { ...comparison, labels: null });
    await opened.page.getByRole('heading', { level: 1, name: 'The comparison can’t be shown' }).waitFor();
    await tell(opened, comparison);
    await opened.page.getByRole('heading', { level: 1, name: 'No change beyond noise' }).waitFor();
  });
});
