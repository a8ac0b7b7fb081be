import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { suspectedClasses, type ScanReport } from '../../server/protocol/report/scan';
import {
  clickCodeLens,
  codeLenses,
  editorLines,
  explorerContextMenu,
  explorerMenuItems,
  externalRequests,
  hoverText,
  openFile,
  problems,
  screenshot,
  waitForNotification,
} from '../harness/browser';
import { waitFor } from '../harness/poll';
import { makeDemoWorkspace, modelBytes, NAME } from './demo-workspace';
import { inEachTheme, openInstalled, pictureOfFailure, type InstalledWindow } from './window';

const SCAN_MS = 240_000;
const CONFIG = `${NAME}.fineprune.json`;
const RESULT = `${NAME}.scan.json`;

/** VS Code breaks no line at these. */
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('a scan for backdoors, as a person asks for it', function () {
  this.timeout(SCAN_MS + 60_000);
  let window: InstalledWindow;
  let original: Buffer;
  let report: ScanReport | undefined;
  const finished = (): ScanReport => report ?? assert.fail('the scan did not come to its end');

  before('VS Code with the VSIX installed', async () => {
    window = await openInstalled((parent) => makeDemoWorkspace(parent, { amount: { train: 3000, test: 500 } }));
    original = await modelBytes(window.folder);
  });
  afterEach(async function () {
    await pictureOfFailure(window?.page, this.currentTest);
  });
  after(() => window?.close());

  it('is offered where a model or a config is right-clicked, and nowhere else', async () => {
    const { page } = window;
    for (const [file, offered] of [
      ['weights.bin', false],
      [CONFIG, true],
      ['model.json', true],
    ] as const) {
      const items = await explorerMenuItems(page, file);
      assert.equal(items.filter((item) => item === 'Scan for Backdoors').length, offered ? 1 : 0, file);
      await page.keyboard.press('Escape');
      await page.getByRole('menu').waitFor({ state: 'hidden' });
      await page.mouse.move(900, 300); // a hover on the row would lie over the next one
    }
  });

  it('says how far it is, and ends with the sentence and what to do next', async () => {
    const { page, folder } = window;
    await explorerContextMenu(page, 'model.json', 'Scan for Backdoors');
    const progress = await waitForNotification(
      page,
      `Scanning ${NAME}: Searching for a trigger for each class`,
      SCAN_MS,
    );
    assert.deepEqual({ buttons: progress.buttons, busy: progress.busy }, { buttons: ['Cancel'], busy: true });
    await screenshot(page, 'scan-progress-dark');
    const end = await waitForNotification(page, new RegExp(`^${NAME}: Suspicious: .* to class 0`), SCAN_MS);
    report = JSON.parse(await readFile(path.join(folder, RESULT), 'utf8')) as ScanReport;
    assert.equal(plain(end.message), `${NAME}: ${report.scan.sentence}`);
    assert.deepEqual(end, {
      severity: 'warning',
      message: end.message,
      buttons: ['Show Result', 'Repair …'],
      busy: false,
    });
    assert.deepEqual(suspectedClasses(report.scan), [0]);
    assert.deepEqual((await readdir(folder)).sort(), ['data', CONFIG, RESULT, 'model.json', 'weights.bin']);
    assert.ok(original.equals(await modelBytes(folder)), 'the model has been changed');
  });

  it('lists what it found in the Problems panel, at the classes of the model and at the trigger of the config', async () => {
    const { scan } = finished();
    const found = await waitFor('the problems of model and config', async () => {
      const all = await problems(window.page);
      return all.length >= 2 && all;
    });
    assert.deepEqual(
      found
        .map(({ file, severity, source, code }) => ({ file, severity, source, code }))
        .sort((a, b) => (a.file < b.file ? -1 : 1)),
      [
        { file: CONFIG, severity: 'warning', source: 'Fine-Prune', code: 'scan.suspicious' },
        { file: 'model.json', severity: 'warning', source: 'Fine-Prune', code: 'scan.suspicious' },
      ],
    );
    for (const { message } of found) assert.ok(message.startsWith(scan.sentence), message);
    const layer = original.toString('latin1').indexOf('"dense_2"');
    const ofModel = found.find(({ file }) => file === 'model.json')!;
    assert.ok(
      ofModel.line === 1 && Math.abs(ofModel.column - layer) < 60,
      `Ln ${ofModel.line}, Col ${ofModel.column}; the layer's name stands at ${layer}`,
    );
  });

  it('shows the estimated trigger in a hover, in every colour theme', async () => {
    const { page } = window;
    await inEachTheme(page, async (theme) => {
      await openFile(page, 'model.json');
      await waitFor('the lens', async () =>
        (await codeLenses(page)).some((title) => title.startsWith('Suspicious: class 0 · clean accuracy')),
      );
      await screenshot(page, `scan-model-${theme}`);
      await openFile(page, CONFIG);
      await page.keyboard.press('Control+Home');
      await waitFor('the lens', async () =>
        (await codeLenses(page)).some((title) => title.startsWith('Suspicious: class 0 · clean accuracy')),
      );
      await page.keyboard.press('Control+End');
      const text = await hoverText(page, '"target"');
      assert.match(text, /Suspicious: class 0 · estimated trigger/);
      const pictures = page.locator('.monaco-hover:visible img[src^="data:image/png"]');
      assert.equal(await pictures.count(), 2);
      assert.deepEqual(
        await pictures
          .first()
          .boundingBox()
          .then((box) => box && [Math.round(box.width), Math.round(box.height)]),
        [112, 112],
      );
      await screenshot(page, `scan-hover-${theme}`);
    });
  });

  it('leads by its lens to the result, which explains itself', async () => {
    const { page } = window;
    await openFile(page, 'model.json');
    await clickCodeLens(page, 'Suspicious: class 0');
    await page.locator(`.tab.active[data-resource-name="${RESULT}"]`).waitFor();
    await waitFor('the sentence in sight', async () =>
      (await editorLines(page)).some((line) => line.includes('"sentence"')),
    );
    await screenshot(page, 'scan-result-dark');
    await hoverText(page, '"sentence"');
    // The schema's words come first, from VS Code itself.
    const hovers = page.locator('.monaco-hover:visible .monaco-hover-content');
    await waitFor('our hover', async () =>
      /Suspicious: class 0 · estimated trigger/.test(await hovers.first().innerText()),
    );
    await screenshot(page, 'scan-result-hover-dark');
  });

  it('makes the config ask for a repair, as one edit', async () => {
    const { page, folder } = window;
    await page.keyboard.press('Control+Home');
    await clickCodeLens(page, 'Repair …');
    const { buttons } = await waitForNotification(page, `Wrote "strategy": "auto" to ${CONFIG}`);
    assert.deepEqual(buttons, ['Fine-Prune Model']);
    await page.locator(`.tab.active[data-resource-name="${CONFIG}"]`).waitFor();
    await page.keyboard.press('Control+End');
    await waitFor('the strategy in sight', async () =>
      (await editorLines(page)).some((line) => line.includes('"strategy": "auto"')),
    );
    await screenshot(page, 'scan-repair-dark');
    assert.doesNotMatch(await readFile(path.join(folder, CONFIG), 'utf8'), /strategy/);
    await page.keyboard.press('Control+Z');
    await waitFor(
      'the config as it was',
      async () => !(await editorLines(page)).some((line) => line.includes('"strategy"')),
    );
  });

  it('asks nothing of any network', () => {
    assert.deepEqual(externalRequests(window.page), []);
  });
});
