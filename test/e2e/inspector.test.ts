import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { editorLines, externalRequests, openFile, runCommand, screenshot, waitReady } from '../harness/browser';
import { collectViolations, seriousViolations, storedEditors, webviewPage } from '../harness/inspector';
import { waitFor } from '../harness/poll';
import { projectRoot } from '../harness/install';
import { makeDemoWorkspace, NAME } from './demo-workspace';
import { engines, inEachTheme, openInstalled, pictureOfFailure, type InstalledWindow } from './window';

const CONFIG = `${NAME}.fineprune.json`;
describe('the activation inspector, as a person uses it', function () {
  this.timeout(180_000);
  let window: InstalledWindow;
  let violations: readonly string[];

  before('VS Code with the VSIX installed and all test images of the demo', async () => {
    window = await openInstalled((parent) => makeDemoWorkspace(parent, { amount: { train: 3000, test: 10_000 } }), {
      extraSettings: { 'workbench.editor.restoreEditors': true, 'files.hotExit': 'onExitAndWindowClose' },
    });
    violations = collectViolations(window.page);
  });
  afterEach(async function () {
    await pictureOfFailure(window?.page, this.currentTest);
  });
  after(() => window?.close());

  const page = () => webviewPage(window.page, 'h2');
  const text = async (selector: string): Promise<string> =>
    (await (await page()).document()).locator(selector).first().innerText();
  /** Goes to the config's editor, in its own group. */
  const config = async (): Promise<void> => {
    await runCommand(window.page, 'View: Focus First Editor Group');
    await openFile(window.page, CONFIG);
  };
  const readout = (): Promise<string> => text('[data-testid=readout]');

  it('opens beside the editor, with the curve, every neuron, and the one that the trigger raises most', async () => {
    await openFile(window.page, CONFIG);
    await runCommand(window.page, 'Fine-Prune: Inspect Neuron Activations');
    const document = await (await page()).document();
    await document.locator('svg.fp-plot').first().waitFor();
    const said = await waitFor(
      'the sentence of a neuron',
      async () =>
        (await document.locator('[data-testid=sentence]').count()) > 0 && (await text('[data-testid=sentence]')),
    );
    const reference = JSON.parse(
      await readFile(path.join(projectRoot, 'test/fixtures/pytorch-reference.json'), 'utf8'),
    ) as { raised: number[] };
    assert.match(await text('#unit-title'), new RegExp(`^Neuron ${reference.raised[0]}$`));
    assert.match(said, /^Fires on 99\.8 % of triggered and 57 % of clean inputs/);
    assert.match(
      await readout(),
      /25 of 128 neurons pruned \(19\.5 %\)[\s\S]*clean accuracy 98\.89 %[\s\S]*attack success rate 99\.80 %/,
    );
    assert.equal(await document.locator('[role=grid]').getAttribute('aria-rowcount'), '129');
    assert.ok((await document.locator('.pictures li').count()) >= 18);
  });

  it('is used with the keyboard alone: slider, neurons, own mask, layer', async () => {
    const inspector = await page();
    const document = await inspector.document();
    const keyboard = window.page.keyboard;
    // The slider: each step is another point of the curve, at once.
    await document.locator('input[type=range]').focus();
    await keyboard.press('End');
    await waitFor('everything pruned', async () => /128 of 128 neurons pruned/.test(await readout()));
    for (let i = 0; i < 28; i++) await keyboard.press('ArrowLeft');
    await waitFor('100 pruned', async () =>
      /100 of 128 neurons pruned[\s\S]*attack success rate/.test(await readout()),
    );
    // The grid: arrows move, Space selects, Shift extends.
    await document.locator('[role=grid] [role=row][tabindex="0"]').focus();
    const before = await text('#unit-title');
    await keyboard.press('ArrowDown');
    await waitFor('the next neuron', async () => (await text('#unit-title')) !== before);
    await keyboard.press('Space');
    await keyboard.press('Shift+ArrowDown');
    await keyboard.press('Shift+ArrowDown');
    const answer = await waitFor('the answer to the own mask', async () => {
      const now = await text('[data-testid=mask]');
      return /^3 neurons pruned: clean accuracy [\d.]+ % \(.*attack success rate [\d.]+ % \(/.test(now) && now;
    });
    assert.match(answer, /before fine-tuning\./);
    // Every control can be reached by Tab, and shows that it has the focus.
    const reached = new Set<string>();
    await document.locator('vscode-dropdown').first().focus();
    for (let i = 0; i < 40; i++) {
      await keyboard.press('Tab');
      reached.add(
        await document
          .evaluate(() => {
            const active = globalThis.document.activeElement;
            return active
              ? `${active.tagName.toLowerCase()} ${active.getAttribute('aria-label') ?? active.textContent?.trim().slice(0, 40) ?? ''}`
              : '';
          })
          .catch(() => ''),
      );
    }
    const names = [...reached].join('\n');
    for (const wanted of ['Use This Ratio', 'Save Table as CSV', 'Prune These', 'Clear'])
      assert.ok(names.includes(wanted), `${wanted} is not reached by Tab:\n${names}`);
  });

  it('has no serious accessibility violation, in any theme', async () => {
    await inEachTheme(window.page, async (theme) => {
      const document = await (await page()).document();
      assert.deepEqual(await seriousViolations(document, theme), [], theme);
      await screenshot(window.page, `inspector-${theme}`);
    });
  });

  it('writes the ratio and the own mask into the config, as edits that can be undone', async () => {
    const document = await (await page()).document();
    await document.locator('vscode-button', { hasText: 'Use This Ratio' }).click();
    await config();
    await waitFor('the ratio', async () =>
      (await editorLines(window.page)).some((line) => /"ratio": 0\.7[89]/.test(line)),
    );
    await window.page.keyboard.press('Control+z');
    await waitFor('the ratio as it was', async () =>
      (await editorLines(window.page)).some((line) => /"ratio": 0\.2/.test(line)),
    );
    await document.locator('vscode-button', { hasText: 'Prune These' }).click();
    await config();
    await waitFor('the units', async () =>
      (await editorLines(window.page)).some((line) => /"units": \[\d+, \d+, \d+\]/.test(line)),
    );
    await window.page.keyboard.press('Control+z');
    await waitFor('the ratio again', async () =>
      (await editorLines(window.page)).some((line) => /"ratio": 0\.2/.test(line)),
    );
    await window.page.keyboard.press('Control+s');
  });

  it('says that the engine ended, and recovers', async () => {
    const [engine] = await engines(window.server);
    assert.ok(engine, 'no engine runs');
    process.kill(engine, 'SIGKILL');
    const document = await (await page()).document();
    await waitFor(
      'the notice',
      async () =>
        /The engine stopped and was restarted\./.test((await document.locator('.notices').allInnerTexts()).join('\n')),
      { deadlineMs: 30_000 },
    );
    await document.locator('[role=grid] [role=row][tabindex="0"]').focus();
    const before = await text('#unit-title');
    await window.page.keyboard.press('ArrowDown');
    await waitFor(
      'an answer of the new engine',
      async () =>
        (await text('#unit-title')) !== before && (await document.locator('[data-testid=sentence]').count()) > 0,
    );
  });

  it('comes back as it was when the window is loaded again', async () => {
    const unit = await text('#unit-title');
    const chosen = /^\d+ of 128/.exec(await readout())?.[0];
    const mask = /^Custom mask: .*$/m.exec(await text('.mask'))?.[0];
    // In a browser VS Code writes down once a minute what is open, and can't at the last moment.
    const looked = `"unit":${unit.replace(/\D/g, '')},`;
    await waitFor(
      'VS Code to have written that down',
      async () => (await storedEditors(window.page)).includes(looked),
      { deadlineMs: 100_000, intervalMs: 500 },
    );
    const loaded = window.page.waitForEvent('load');
    await runCommand(window.page, 'Developer: Reload Window');
    await loaded;
    await waitReady(window.page);
    const document = await (await page()).document();
    await document.locator('svg.fp-plot').first().waitFor();
    await document.locator('[data-testid=sentence]').waitFor();
    assert.equal(await text('#unit-title'), unit);
    assert.equal(/^\d+ of 128/.exec(await readout())?.[0], chosen);
    assert.equal(/^Custom mask: .*$/m.exec(await text('.mask'))?.[0], mask);
  });

  it('breaks no rule of its content security policy, and asks nothing of any network', () => {
    assert.deepEqual(violations, []);
    assert.deepEqual(externalRequests(window.page), []);
  });
});
