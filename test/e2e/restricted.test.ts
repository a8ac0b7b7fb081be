import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  answerDialog,
  clickNotificationButton,
  codeLenses,
  editorLines,
  explorerContextMenu,
  openFile,
  problems,
  screenshot,
  statusBarItems,
  waitForNotification,
} from '../harness/browser';
import { waitFor } from '../harness/poll';
import { makeDemoWorkspace, NAME } from './demo-workspace';
import { engines, openInstalled, pictureOfFailure, type InstalledWindow } from './window';

const CONFIG = `${NAME}.fineprune.json`;
const AT_FIRST = ['data', CONFIG, 'model.json', 'weights.bin'];

describe('a workspace that is not trusted', function () {
  this.timeout(180_000);
  let window: InstalledWindow;

  before('VS Code with the VSIX installed, in restricted mode', async () => {
    window = await openInstalled((parent) => makeDemoWorkspace(parent, { amount: { train: 400, test: 300 } }), {
      workspaceTrust: true,
    });
    const question = await answerDialog(window.page, "No, I don't trust the authors");
    assert.match(question, /Do you trust the authors/);
    await waitFor('restricted mode', async () =>
      (await statusBarItems(window.page)).some((item) => item.startsWith('Restricted Mode')),
    );
  });
  afterEach(async function () {
    await pictureOfFailure(window?.page, this.currentTest);
  });
  after(() => window?.close());

  it('is parsed and explained', async () => {
    const { page, folder } = window;
    const text = await readFile(path.join(folder, CONFIG), 'utf8');
    await writeFile(path.join(folder, CONFIG), text.replace('// "layer": "conv2d_2",', '"layer": "conv2d_3",'));
    await openFile(page, CONFIG);
    await waitFor(
      'lens and hints',
      async () =>
        (await codeLenses(page)).includes('▶ Fine-Prune') &&
        (await editorLines(page)).some((line) => line.includes('225,034 parameters')),
    );
    const [fault] = await waitFor('the fault', async () => {
      const all = await problems(page);
      return all.length > 0 && all;
    });
    assert.equal(fault?.severity, 'error');
    assert.match(fault.message, /conv2d_3/);
    await writeFile(path.join(folder, CONFIG), text);
    await page.locator('.markers-panel').getByText('No problems have been detected in the workspace.').waitFor();
  });

  it('is not run, and a message says why', async () => {
    const { page, folder, server } = window;
    await explorerContextMenu(page, 'model.json', 'Fine-Prune Model');
    const { severity, message, buttons } = await waitForNotification(
      page,
      'Fine-Prune: Trust this workspace to run a defense',
    );
    assert.equal(severity, 'warning');
    assert.match(message, /configs decide which files are read and written/);
    assert.deepEqual(buttons, ['Manage Workspace Trust']);
    await screenshot(page, 'restricted-dark');
    assert.deepEqual(await engines(server), []);
    assert.deepEqual((await readdir(folder)).sort(), AT_FIRST);
  });

  it('is not scanned either', async () => {
    const { page, folder, server } = window;
    await explorerContextMenu(page, 'model.json', 'Scan for Backdoors');
    const { severity, buttons } = await waitForNotification(
      page,
      'Fine-Prune: Trust this workspace to scan a model (the workspace decides what a scan reads and computes).',
    );
    assert.deepEqual([severity, buttons], ['warning', ['Manage Workspace Trust']]);
    assert.deepEqual(await engines(server), []);
    assert.deepEqual((await readdir(folder)).sort(), AT_FIRST);
  });

  it('is run as soon as it is trusted', async () => {
    const { page, folder } = window;
    await clickNotificationButton(page, 'Trust this workspace', 'Manage Workspace Trust');
    const trust = page.locator('.workspace-trust-editor').getByRole('button', { name: 'Trust', exact: true });
    await trust.click();
    await waitFor(
      'trust',
      async () => !(await statusBarItems(page)).some((item) => item.startsWith('Restricted Mode')),
    );
    await explorerContextMenu(page, 'model.json', 'Fine-Prune Model');
    await waitForNotification(page, new RegExp(`^${NAME}: not mitigated`), 120_000);
    assert.deepEqual(
      (await readdir(folder)).sort(),
      [...AT_FIRST, `${NAME}.defended`, `${NAME}.defense.json`, `${NAME}.defense.md`].sort(),
    );
  });
});
