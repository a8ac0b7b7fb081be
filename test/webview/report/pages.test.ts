import assert from 'node:assert/strict';
import { closeBrowser } from '../../harness/chromium-browser';
import { judged, repairedReport } from '../../fixtures/repaired-report';
import { scanOf } from '../../fixtures/scan-result';
import { waitFor } from '../../harness/poll';
import { seriousIssues, type OpenPage } from '../open-page';
import { THEMES, type Theme } from '../themes';
import { changed, comparisonOf, editorOf, example, open, sentBy, side, tell, viewOf } from './support';

describe('Pages of reports', function () {
  this.timeout(120_000);
  let opened: OpenPage | undefined;
  afterEach(async () => {
    await opened?.close();
    opened = undefined;
  });
  after(closeBrowser);

  for (const theme of Object.keys(THEMES) as Theme[]) {
    it(`are accessible and keep to the policy in ${theme}`, async () => {
      for (const [page, message] of [
        ['report', viewOf()],
        ['report', viewOf(repairedReport())],
        ['compare', comparisonOf(example(), changed())],
        ['compare', comparisonOf(null, example())],
        ['compare', comparisonOf(example(), repairedReport('known'))],
      ] as const) {
        const one = await open(page, message, theme);
        await one.page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
        assert.deepEqual(await seriousIssues(one.page), []);
        assert.deepEqual(await one.faults(), []);
        assert.equal(await one.page.locator('main h1').count(), 1);
        await one.close();
      }
    });
  }

  it('lead from a pruned unit and a finding to the editor, by keyboard', async () => {
    opened = await open('report', viewOf());
    await opened.page.getByRole('button', { name: 'Inspect neuron 4, dead' }).press('Enter');
    await opened.page.getByRole('button', { name: 'Accept gate.maxAttackSuccessRate …' }).press('Enter');
    await opened.page.getByRole('button', { name: 'Compare with …' }).press('Enter');
    assert.deepEqual(await sentBy(opened), [
      { type: 'inspect', layer: 'dense_1', unit: 4 },
      { type: 'accept', issue: 'gate.maxAttackSuccessRate' },
      { type: 'command', command: 'compare' },
    ]);
    assert.equal(
      await opened.page.getByRole('button', { name: 'Accept pruned-all-dead …' }).count(),
      0,
      'accepted already',
    );
  });

  it('draw the mask of every class in the colours of the theme, and say in words what it is', async () => {
    opened = await open('report', viewOf(repairedReport()));
    const { page } = opened;
    const section = page.getByRole('region', { name: 'Is there a trigger?' });
    assert.equal(await section.getByRole('img', { name: /^Mask of the estimated trigger of class \d: / }).count(), 10);
    assert.equal(
      await section
        .getByRole('img', {
          name: 'Mask of the estimated trigger of class 0: 4.0 pixels, sends 99.1 % of other images to it; suspicious',
        })
        .count(),
      1,
    );
    assert.equal(await section.getByRole('img', { name: 'Estimated trigger of class 0 on a grey image' }).count(), 1);
    /** Colour and strength of the patch's middle, and the strength far from it. */
    const drawn = (): Promise<number[]> =>
      page.evaluate(() => {
        const context = document.querySelector<HTMLCanvasElement>('canvas.fp-mask')!.getContext('2d')!;
        return [...context.getImageData(25, 25, 1, 1).data, context.getImageData(3, 3, 1, 1).data[3]!];
      });
    assert.deepEqual(await drawn(), [204, 204, 204, 255, 0]);
    await opened.setTheme('vscode-high-contrast-light');
    await waitFor('the masks to be drawn anew', async () => JSON.stringify(await drawn()) === '[41,41,41,255,0]');
    assert.match(
      (await section.getByRole('row', { name: /^0 / }).textContent()) ?? '',
      /Suspicious.*6\.4 pixels.*9\.81.*4\.0 pixels/,
    );
  });

  it('show what was tried and what the verdict rests on, and nothing of it for the reference recipe', async () => {
    opened = await open('report', viewOf(repairedReport()));
    const { page } = opened;
    const names = [
      'Is there a trigger?',
      'Repairs tried',
      'Rounds of the repairs',
      'Proof',
      'Scan of the repaired model, class by class',
    ];
    for (const name of names)
      assert.equal(await page.getByRole('heading', { level: 2, name, exact: true }).count(), 1, name);
    assert.match(
      (await page.getByRole('region', { name: 'Repairs tried' }).last().textContent()) ?? '',
      /guided.*Gates met, kept.*0\.24 %.*0\.44 %/,
    );
    await page.locator('summary', { hasText: 'Rounds of the repairs' }).press('Enter');
    await page.getByRole('cell', { name: 'class 0, 32 pixels' }).waitFor();
    assert.equal(
      await page.getByText('on the estimated trigger', { exact: true }).count(),
      3,
      'gate, ASR and robust accuracy',
    );
    const content = (await page.locator('main').textContent()) ?? '';
    assert.match(content, /The verdict is based on: Fresh scan\./);
    await tell(opened, viewOf());
    await page.getByRole('heading', { level: 1, name: 'Not mitigated' }).waitFor();
    for (const name of names) assert.equal(await page.getByRole('heading', { name, exact: true }).count(), 0, name);
    assert.equal(await page.getByText(/estimated/i).count(), 0);
  });

  it('name the classes that the scans of two reports flag', async () => {
    const head = judged(
      repairedReport('inverted', (r) => void (r.proof!.scan = scanOf([70, 84, 61, 5.2, 79, 63, 77, 75, 103, 88]))),
    );
    opened = await open('compare', comparisonOf(repairedReport(), head));
    assert.match(
      (await opened.page.getByRole('row', { name: /^Defended model Nothing found/ }).textContent()) ?? '',
      /Suspicious: class 3.*Added: class 3/,
    );
    await opened.page.getByRole('heading', { level: 1, name: 'Worse' }).waitFor();
    await tell(opened, comparisonOf(example(), changed()));
    await opened.page.getByRole('heading', { level: 1, name: 'No change beyond noise' }).waitFor();
    assert.equal(await opened.page.getByRole('heading', { name: 'Suspicious classes' }).count(), 0);
  });

  it('gives the focus to a finding whose button went with the decision', async () => {
    opened = await open('report', viewOf());
    await opened.page.getByRole('button', { name: 'Accept gate.maxAttackSuccessRate …' }).press('Enter');
    const view = viewOf();
    Object.assign(view.view.issues[0]!, {
      status: 'accepted',
      decision: { ...view.view.issues[1]!.decision!, finding: view.view.issues[0]!.id },
    });
    await tell(opened, view);
    const { page } = opened;
    await waitFor('focus on the finding', () =>
      page.evaluate(() => document.activeElement?.textContent?.includes('gate.maxAttackSuccessRate') ?? false),
    );
  });

  it('say beside the verdict what the command line gave, and from the report alone where no config is looked at', async () => {
    const report = example();
    report.provenance.config.strategy = 'auto';
    report.provenance.overridden = ['strategy'];
    const view = viewOf(report);
    const settings = [{ path: 'strategy', run: 'auto', config: 'fine-pruning', option: '--strategy auto' }];
    opened = await open('report', { ...view, view: { ...view.view, changed: [], settings } });
    const { page } = opened;
    await page.getByRole('heading', { level: 1, name: 'Not mitigated with --strategy auto' }).waitFor();
    await page
      .getByText(
        'This report was made with settings from the command line: strategy auto (config: fine-pruning). Running the config on its own may give a different result.',
      )
      .waitFor();
    assert.deepEqual(await seriousIssues(page), []);
    await tell(opened, { ...view, view: { ...view.view, changed: null }, local: false });
    await page.getByText('This report was made with settings from the command line: strategy auto.').waitFor();
    await tell(opened, { ...view, view: { ...view.view, changed: [] } });
    await page.getByRole('heading', { level: 1, name: 'Not mitigated', exact: true }).waitFor();
    assert.equal(await page.getByText('settings from the command line').count(), 0, 'the config has them by now');
  });

  it('offer nothing that cannot work', async () => {
    for (const change of [{ local: false }, { trusted: false }]) {
      const one = await open('report', viewOf(example(), change));
      for (const name of [/^Accept/, /^Inspect/, 'Run Again'])
        assert.equal(await one.page.getByRole('button', { name }).count(), 0);
      assert.equal(await one.page.getByRole('button', { name: 'Open Text' }).count(), 1);
      await one.close();
    }
    opened = await open('compare', comparisonOf(example(), null));
    assert.deepEqual(await opened.page.locator('header vscode-button').allTextContents(), ['Open Base']);
  });

  it('keep what was folded, and the two that are compared', async () => {
    opened = await open('report', viewOf());
    await opened.page.getByText('Provenance', { exact: true }).click();
    await opened.page.getByText('Confusion matrices', { exact: true }).click();
    const report = opened;
    await waitFor(
      'the folds to be kept',
      async () =>
        JSON.stringify(((await editorOf(report)).kept as { open: string[] } | undefined)?.open) ===
        '["per-class","provenance"]',
    );
    await opened.close();
    opened = await open('compare', comparisonOf(example(), changed()));
    assert.deepEqual((await editorOf(opened)).kept, { version: 1, base: side('HEAD'), head: side('tree') });
  });
});
