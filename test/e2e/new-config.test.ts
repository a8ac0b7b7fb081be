import assert from 'node:assert/strict';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import {
  answerInput,
  clickNotificationButton,
  editorLines,
  explorerContextMenu,
  notifications,
  pick,
  quickPickItems,
  screenshot,
  statusBarItems,
  waitForNotification,
} from '../harness/browser';
import { waitFor } from '../harness/poll';
import { writeMnistSubset } from '../fixtures/mnist';
import { makeDemoWorkspace, modelBytes, NAME } from './demo-workspace';
import { engines, inEachTheme, openInstalled, pictureOfFailure, type InstalledWindow } from './window';
import { allowed } from '../harness/busy';

const CONFIG = `${NAME}.fineprune.json`;
/** All training images, so that fine-tuning surely goes on when it is cancelled. */
const AMOUNT = { train: 60_000, test: 500 };

describe('a model without a config', function () {
  this.timeout(180_000);
  let window: InstalledWindow;
  let original: Buffer;

  before('VS Code with the VSIX installed', async () => {
    window = await openInstalled(async (parent) => {
      const folder = await makeDemoWorkspace(parent, { amount: AMOUNT, config: false });
      const few = path.join(folder, 'few');
      await mkdir(few);
      await writeMnistSubset(few, { train: 200, test: 100 });
      return folder;
    });
    original = await modelBytes(window.folder);
  });
  afterEach(async function () {
    await pictureOfFailure(window?.page, this.currentTest);
  });
  after(() => window?.close());

  it('is asked about before anything is written: which data, and whether a trigger is known', async () => {
    const { page, folder } = window;
    await explorerContextMenu(page, 'model.json', 'Fine-Prune Model');
    const data = await quickPickItems(page);
    assert.deepEqual([...data].sort(), [
      'Browse …',
      'data · 60,000 training, 500 test images',
      'few · 200 training, 100 test images',
    ]);
    await screenshot(page, 'question-data-dark');
    await pick(page, 'data · 60,000 training, 500 test images');
    await waitFor('the question about the trigger', async () => (await quickPickItems(page)).includes('A patch'));
    await screenshot(page, 'question-trigger-dark');
    await pick(page, 'A patch');
    await waitFor('the question about the target', async () =>
      (await page.locator('.quick-input-widget:visible').innerText()).includes('target class'),
    );
    await screenshot(page, 'question-target-dark');
    assert.deepEqual((await readdir(folder)).sort(), ['data', 'few', 'model.json', 'weights.bin']);
    await answerInput(page, '0');
  });

  it('gets one beside it, which opens and is run', async () => {
    const { page, folder } = window;
    await page.locator(`.tab.active[data-resource-name="${CONFIG}"]`).waitFor();
    await waitForNotification(page, `Fine-Prune ${NAME}: `);
    const text = await readFile(path.join(folder, CONFIG), 'utf8');
    assert.match(text, /"model": "model\.json"/);
    assert.match(text, /"images": "data\/train-images-idx3-ubyte\.gz"/);
    assert.match(text, /"trigger": \{\s*"kind": "patch",\s*"target": 0\s*\}/);
    await waitFor('its text', async () =>
      (await editorLines(page)).some((line) => line.includes('"model": "model.json"')),
    );
  });

  it('shows how far the run is, in every colour theme', async () => {
    const { page } = window;
    await inEachTheme(page, async (theme) => {
      await waitForNotification(page, /Fine-tuning · step [\d,]+ of [\d,]+ · loss/, 120_000);
      await screenshot(page, `progress-${theme}`);
    });
    assert.equal((await engines(window.server)).length, 1);
  });

  it('is cancelled by the notification within 2 s, and nothing is left behind', async () => {
    const { page, folder, server } = window;
    const asked = Date.now();
    await clickNotificationButton(page, `Fine-Prune ${NAME}`, 'Cancel');
    await waitFor(
      'the end of notification and engine',
      async () => (await notifications(page)).length === 0 && (await engines(server)).length === 0,
    );
    const took = Date.now() - asked;
    await screenshot(page, 'cancelled-dark');
    assert.ok(took < allowed(2_000), `it took ${took} ms`);
    await waitFor('the status bar to say so', async () =>
      (await statusBarItems(page)).some((item) => /cancelled/i.test(item)),
    );
    await waitFor('the lock to go', async () => (await readdir(folder)).every((name) => !name.endsWith('.lock')), {
      deadlineMs: 2000,
    });
    assert.deepEqual((await readdir(folder)).sort(), ['data', 'few', CONFIG, 'model.json', 'weights.bin']);
    assert.ok(original.equals(await modelBytes(folder)), 'the model has been changed');
  });
});
