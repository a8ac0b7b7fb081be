import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { compareReports } from '../../../server/engine/report/compare/compare';
import { readReport } from '../../../server/engine/report/json/read-report';
import { issueFingerprint, reviewedIssues } from '../../../server/engine/report/review/review';
import type { DefenseReport } from '../../../server/protocol/report/report';
import type { ToCompare, ToReport } from '../../../server/protocol/messages/review-view';
import { closeBrowser } from '../../harness/chromium-browser';
import { judged, repairedReport } from '../../fixtures/repaired-report';
import { scanOf } from '../../fixtures/scan-result';
import { projectRoot } from '../../harness/install';
import { waitFor } from '../../harness/poll';
import { openPage, seriousIssues, type OpenPage } from '../open-page';
import { THEMES, type Theme } from '../themes';

const file = path.join(projectRoot, 'examples/mnist-badnets/mnist-badnets.defense.json');
const example = (): DefenseReport => readReport(readFileSync(file, 'utf8'), file);

/** What the panel's side of the page sees and keeps. */
interface Editor {
  sent: { type: string }[];
  kept: unknown;
}

async function open(page: 'report' | 'compare', message: ToReport | ToCompare, theme?: Theme): Promise<OpenPage> {
  const opened = await openPage(`webview/${page}/main.tsx`, {
    ...(theme && { theme }),
    before: () => {
      const editor: Editor = { sent: [], kept: undefined };
      Object.assign(globalThis, {
        editor,
        acquireVsCodeApi: () => ({
          postMessage: (sent: { type: string }) => editor.sent.push(sent),
          getState: () => editor.kept,
          setState: (state: unknown) => (editor.kept = state),
        }),
      });
    },
  });
  // As the panel does: the page hears nothing before it has said that it is ready, which comes after its load.
  await opened.page.waitForFunction(() => (globalThis as unknown as { editor: Editor }).editor.sent.length > 0);
  await tell(opened, message);
  await opened.page.waitForSelector('h1');
  return opened;
}

const tell = (opened: OpenPage, message: unknown): Promise<void> =>
  opened.page.evaluate((data) => void window.dispatchEvent(new MessageEvent('message', { data })), message);
const editorOf = (opened: OpenPage): Promise<Editor> =>
  opened.page.evaluate(() => (globalThis as unknown as { editor: Editor }).editor);
/** Messages but the first, which is `ready`. */
const sentBy = async (opened: OpenPage): Promise<unknown[]> => (await editorOf(opened)).sent.slice(1);

function viewOf(
  report = example(),
  change: Partial<Extract<ToReport, { type: 'view' }>> = {},
): Extract<ToReport, { type: 'view' }> {
  const finding = report.findings[0]!.id;
  const decisions = [
    {
      finding,
      decision: 'accept' as const,
      reason: 'Known.',
      author: 'Ada <ada@example.org>',
      date: '2026-01-05',
      fingerprint: issueFingerprint(report, finding),
    },
  ];
  return {
    type: 'view',
    name: 'mnist-badnets',
    view: {
      report,
      issues: reviewedIssues(report, { schemaVersion: 1, decisions }, '2026-02-01'),
      changed: ['the model'],
    },
    local: true,
    trusted: true,
    ...change,
  };
}

const side = (label: string) => ({ uri: `git:/${label}`, label });
function comparisonOf(base: DefenseReport | null, head: DefenseReport | null): ToCompare {
  return {
    type: 'comparison',
    state: { version: 1, base: base && side('HEAD'), head: head && side('tree') },
    name: 'mnist-badnets',
    labels: { base: 'HEAD', head: 'tree' },
    comparison: compareReports(base, head),
  };
}

function changed(): DefenseReport {
  const head = example();
  head.pruning.units = [...head.pruning.units.slice(1), 1];
  head.provenance.config.fineTune.epochs = 5;
  head.gates[0]!.limit = 0.5;
  return head;
}

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
          name: 'Mask of the estimated trigger of class 0: 4.0 pixels, takes 99.1 % of other images to it; suspicious',
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
    assert.match(content, /The verdict rests on: Fresh inversion\./);
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
        'This report was made with settings from the command line: strategy auto (config: fine-pruning). A run of the config by itself may end otherwise.',
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
      for (const stage of Object.values(report.stages)) {
        stage.confusion = Array.from({ length: classes }, (_, i) =>
          Array.from({ length: classes }, (_, j) => ((i * 7 + j) % 97 === 0 ? 3 : 0)),
        );
        stage.triggeredConfusion = stage.confusion;
        stage.perClass = Array.from({ length: classes }, () => stage.cleanAccuracy);
      }
      report.layer.activations = Array.from({ length: 65_536 }, () => report.layer.activations[0]!);
      report.layer.units = report.layer.activations.length;
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
