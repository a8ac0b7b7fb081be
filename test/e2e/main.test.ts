import assert from 'node:assert/strict';
import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { beforeAfterLine, resultLine } from '../../server/language/text/report-text';
import type { DefenseReport } from '../../server/protocol/report/report';
import {
  clickNotificationButton,
  codeLenses,
  editorLines,
  explorerContextMenu,
  explorerMenuItems,
  externalRequests,
  openFile,
  problems,
  screenshot,
  waitForNotification,
} from '../harness/browser';
import { waitFor } from '../harness/poll';
import { makeDemoWorkspace, modelBytes, NAME } from './demo-workspace';
import { expectedBackend } from './packaged';
import { enlargePanel, inEachTheme, openInstalled, pictureOfFailure, type InstalledWindow } from './window';
import { capital } from '../../server/protocol/words';

const RUN_MS = 150_000;

/** VS Code breaks no line at these. */
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('the packaged extension, as a person uses it', function () {
  this.timeout(180_000);
  let window: InstalledWindow;
  let original: Buffer;
  let report: DefenseReport | undefined;
  const finished = (): DefenseReport => report ?? assert.fail('the run did not come to its end');

  before('VS Code with the VSIX installed', async () => {
    window = await openInstalled((parent) => makeDemoWorkspace(parent, { amount: { train: 6000, test: 2000 } }));
    original = await modelBytes(window.folder);
  });
  afterEach(async function () {
    await pictureOfFailure(window?.page, this.currentTest);
  });
  after(() => window?.close());

  const inFolder = (...names: string[]): string => path.join(window.folder, ...names);

  it('offers Fine-Prune Model where a model or a config is right-clicked, and nowhere else', async () => {
    const { page } = window;
    for (const [file, offered] of [
      ['weights.bin', false],
      ['data', false],
      [`${NAME}.fineprune.json`, true],
      ['model.json', true],
    ] as const) {
      const items = await explorerMenuItems(page, file);
      assert.equal(items.filter((item) => item === 'Fine-Prune Model').length, offered ? 1 : 0, file);
      await page.keyboard.press('Escape');
      await page.getByRole('menu').waitFor({ state: 'hidden' });
      await page.mouse.move(900, 300); // a hover on the row would lie over the next one
    }
  });

  it('runs from there, says how far it is, and ends with verdict and three figures', async () => {
    const { page } = window;
    await explorerContextMenu(page, 'model.json', 'Fine-Prune Model');
    const progress = await waitForNotification(
      page,
      /Fine-tuning · step [\d,]+ of 150 · loss \d\.\d+ · pruned: clean accuracy [\d.]+/,
      RUN_MS,
    );
    assert.deepEqual({ buttons: progress.buttons, busy: progress.busy }, { buttons: ['Cancel'], busy: true });
    assert.match(
      plain(progress.message),
      /^Fine-Prune mnist-badnets: .* · pruned: clean accuracy 98\.\d %, ASR 99\.\d %$/,
    );

    const end = await waitForNotification(page, new RegExp(`^${NAME}: `), RUN_MS);
    report = JSON.parse(await readFile(inFolder(`${NAME}.defense.json`), 'utf8')) as DefenseReport;
    assert.equal(plain(end.message), `${NAME}: not mitigated. ${capital(beforeAfterLine(report))}.`);
    assert.match(
      plain(end.message),
      /Clean accuracy [\d.]+ % → [\d.]+ %, ASR [\d.]+ % \(base rate [\d.]+ %\) → [\d.]+ % \(base rate [\d.]+ %\), robust accuracy [\d.]+ % → [\d.]+ %\.$/,
    );
    assert.deepEqual(end, {
      severity: 'warning',
      message: end.message,
      buttons: ['Open Report as JSON', 'Inspect', 'Show Config'],
      busy: false,
    });
  });

  it('leaves report and defended model on the disk, and the model as it was', async () => {
    const report = finished();
    assert.equal(report.verdict.word, 'not mitigated');
    assert.equal(report.provenance.backend, await expectedBackend());
    assert.equal(report.pruning.count, 25);
    assert.equal(report.stages.after.cleanAccuracy.of, 2000);
    const { cleanAccuracy, attackSuccessRate } = report.stages.after;
    assert.ok(cleanAccuracy.rate > 0.97 && cleanAccuracy.rate < 1, `clean accuracy ${cleanAccuracy.rate}`);
    assert.ok(attackSuccessRate && attackSuccessRate.rate > 0.9, `ASR ${attackSuccessRate?.rate}`);

    assert.ok(original.equals(await modelBytes(window.folder)), 'the model has been changed');
    const defended = `${NAME}.defended`;
    assert.equal((await stat(inFolder(defended, 'weights.bin'))).size, (await stat(inFolder('weights.bin'))).size);
    assert.ok(!original.equals(await modelBytes(inFolder(defended))), 'the defended model is the model as it came');
    assert.deepEqual((await readdir(window.folder)).sort(), [
      'data',
      defended,
      `${NAME}.defense.json`,
      `${NAME}.defense.md`,
      `${NAME}.fineprune.json`,
      'model.json',
      'weights.bin',
    ]);
  });

  it('lists the result in the Problems panel, at the layer', async () => {
    const report = finished();
    const found = await waitFor('the problems of the model', async () => {
      const all = await problems(window.page);
      return all.filter(({ file }) => file === 'model.json').length >= 2 && all;
    });
    assert.deepEqual([...new Set(found.map(({ source }) => source))], ['Fine-Prune']);
    const layer = original.toString('latin1').indexOf(`"${report.layer.name}"`);
    const ofModel = found.filter(({ file }) => file === 'model.json');
    for (const { line, column } of ofModel)
      assert.ok(
        line === 1 && Math.abs(column - layer) < 60,
        `Ln ${line}, Col ${column}; the layer's name stands at ${layer}`,
      );

    const [verdict] = ofModel.filter(({ code }) => code === 'result.verdict');
    assert.equal(verdict?.severity, 'error');
    assert.ok(
      verdict.message.startsWith('Not mitigated: clean accuracy ') && verdict.message.endsWith(report.verdict.sentence),
      verdict.message,
    );
    assert.ok(verdict.message.includes(`${beforeAfterLine(report)}.`), verdict.message);
    const [pruned] = ofModel.filter(({ code }) => code === 'result.pruned');
    assert.equal(pruned?.severity, 'info');
    const units = [...report.pruning.units].sort((a, b) => a - b).join(', ');
    assert.ok(pruned.message.startsWith(`25 of 128 neurons of dense_1 were pruned: ${units}.`), pruned.message);
    assert.deepEqual(
      ofModel
        .filter(({ code }) => code.startsWith('finding.'))
        .map(({ message }) => message)
        .sort(),
      report.findings.map(({ message }) => message).sort(),
    );

    const ofConfig = found.filter(({ file }) => file === `${NAME}.fineprune.json`);
    assert.deepEqual(
      ofConfig.map(({ severity, code }) => ({ severity, code })),
      [{ severity: 'error', code: 'result.verdict' }],
    );
  });

  it('shows lenses in model.json and in the config, and what follows from its values', async () => {
    const { page } = window;
    const titles = (): Promise<string[]> =>
      waitFor('the lens of the result', async () => {
        const all = await codeLenses(page);
        return all.some((title) => title.startsWith('Not mitigated')) && all;
      });
    const result = resultLine(finished());
    await openFile(page, 'model.json');
    assert.deepEqual(await titles(), [
      '▶ Fine-Prune Model',
      result,
      'Fine-Prune pruned 25 of 128 neurons of dense_1',
      'Inspect dense_1',
      'Scan for Backdoors',
    ]);
    await openFile(page, `${NAME}.fineprune.json`);
    assert.deepEqual(await titles(), ['▶ Fine-Prune', 'Inspect Activations', 'Scan for Backdoors', result]);
    await waitFor('the hints', async () => {
      const text = (await editorLines(page)).join('\n');
      return ['8 layers · 225,034 parameters', '6,000 images · 28×28', '2,000 images · 28×28'].every((hint) =>
        text.includes(hint),
      );
    });
  });

  it('can be seen in every colour theme', async () => {
    const { page } = window;
    await enlargePanel(page);
    await inEachTheme(page, async (theme) => {
      await openFile(page, `${NAME}.fineprune.json`);
      await waitFor(
        'lenses and hints',
        async () =>
          (await codeLenses(page)).length === 4 &&
          (await editorLines(page)).some((line) => line.includes('6,000 images')),
      );
      await screenshot(page, `result-${theme}`);
      await openFile(page, 'model.json');
      await waitFor('lenses', async () => (await codeLenses(page)).length === 5);
      await screenshot(page, `model-${theme}`);
      await explorerMenuItems(page, 'model.json');
      await page.getByRole('menu').getByText('Fine-Prune Model', { exact: true }).hover();
      await screenshot(page, `context-menu-${theme}`);
      await page.keyboard.press('Escape');
    });
  });

  it('opens the report as JSON, at the verdict', async () => {
    const { page } = window;
    await clickNotificationButton(page, NAME, 'Open Report as JSON');
    await page.locator(`.tab.active[data-resource-name="${NAME}.defense.json"]`).waitFor();
    await waitFor('the verdict in sight', async () =>
      (await editorLines(page)).some((line) => line.includes('"verdict"')),
    );
    assert.ok((await editorLines(page)).some((line) => line.includes('"word": "not mitigated"')));
    await screenshot(page, 'report-dark');
  });

  it('asks nothing of any network', () => {
    assert.deepEqual(externalRequests(window.page), []);
  });
});
