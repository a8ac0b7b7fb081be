import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  answerInput,
  codeLenses,
  editorLines,
  externalRequests,
  openFile,
  pick,
  problems,
  runCommand,
  screenshot,
  waitForNotification,
  waitReady,
} from '../harness/browser';
import { collectViolations, seriousViolations, storedEditors, webviewPage } from '../harness/inspector';
import { projectRoot } from '../harness/install';
import { waitFor } from '../harness/poll';
import { run } from '../harness/processes';
import { makeDemoWorkspace, NAME } from './demo-workspace';
import { inEachTheme, openInstalled, pictureOfFailure, type InstalledWindow } from './window';

const REPORT = `${NAME}.defense.json`;
const REVIEW = `${NAME}.defense-review.json`;
const example = (name: string): string => path.join(projectRoot, 'examples', 'mnist-badnets', name);

/** A repository whose last commit holds the example's report; in the working tree its limit on the ASR is looser. */
async function makeRepository(parent: string): Promise<string> {
  const folder = await makeDemoWorkspace(parent, { amount: { train: 400, test: 300 } });
  await cp(example(REPORT), path.join(folder, REPORT));
  await writeFile(path.join(folder, '.gitignore'), 'data/\n');
  const git = (...args: string[]): Promise<string> => run('git', ['-C', folder, ...args]);
  await git('init', '--quiet', '--initial-branch=main');
  await git('config', 'user.name', 'Ann Reviewer');
  await git('config', 'user.email', 'ann@example.org');
  await git('add', '.');
  await git('commit', '--quiet', '--message', 'A defense');
  const report = await readFile(path.join(folder, REPORT), 'utf8');
  const looser = report.replace(/("id": "maxAttackSuccessRate", [^\n]*"limit": )0\.05/, '$10.1');
  assert.notEqual(looser, report, "the example's gate stands no longer where this test looks for it");
  await writeFile(path.join(folder, REPORT), looser);
  return folder;
}

describe('a defense under review, as a person reviews it', function () {
  this.timeout(180_000);
  let window: InstalledWindow;
  let violations: readonly string[];

  before('VS Code with the VSIX installed, on a repository with a changed report', async () => {
    window = await openInstalled(makeRepository, {
      extraSettings: {
        'workbench.editor.restoreEditors': true,
        'git.enabled': true,
        'git.openRepositoryInParentFolders': 'never',
      },
    });
    violations = collectViolations(window.page);
  });
  afterEach(async function () {
    await pictureOfFailure(window?.page, this.currentTest);
  });
  after(() => window?.close());

  it('shows the report as text, with what is missed at its own lines, and lenses', async () => {
    const { page } = window;
    await openFile(page, REPORT);
    await waitFor(
      'the lenses',
      async () => (await codeLenses(page)).join('|') === 'Open Report|Compare with …|Reproduce',
    );
    // The text is what opens: a reviewer can comment on nothing else.
    assert.ok((await editorLines(page)).some((line) => line.includes('"verdict"')));
    const found = await waitFor('the missed gate in the Problems panel', async () => {
      const all = (await problems(page)).filter(({ file }) => file === REPORT);
      return all.some(({ code }) => code === 'gate.maxAttackSuccessRate') && all;
    });
    const text = (await readFile(path.join(window.folder, REPORT), 'utf8')).split('\n');
    const gate = found.find(({ code }) => code === 'gate.maxAttackSuccessRate')!;
    assert.equal(gate.severity, 'error');
    assert.match(text[gate.line - 1]!, /"maxAttackSuccessRate"/);
    assert.ok(
      found.some(({ code }) => code === 'report.stale'),
      "the data of this workspace are others than the report's",
    );
    await page.keyboard.press('Control+j');
  });

  it('draws the report, in every theme, without a serious accessibility violation', async () => {
    const { page } = window;
    await runCommand(page, 'Fine-Prune: Open Defense Report');
    const document = await (await webviewPage(page, 'main h2')).document();
    await waitFor('the verdict', async () => /Not mitigated/i.test(await document.locator('main').innerText()));
    await document.locator('svg.fp-plot').first().waitFor();
    await inEachTheme(page, async (theme) => {
      await screenshot(page, `review-report-${theme}`);
      assert.deepEqual(await seriousViolations(document, theme), [], theme);
    });
  });

  it('accepts a finding with a reason, which is kept beside the report', async () => {
    const { page } = window;
    const document = await (await webviewPage(page, 'main h2')).document();
    await document
      .getByRole('button', { name: /^Accept/ })
      .first()
      .click();
    await answerInput(page, 'Known, for the demo.');
    await answerInput(page, '');
    await waitForNotification(page, REVIEW);
    const review = JSON.parse(await readFile(path.join(window.folder, REVIEW), 'utf8')) as {
      decisions: { reason: string; author: string }[];
    };
    assert.deepEqual(
      review.decisions.map(({ reason, author }) => ({ reason, author })),
      [{ reason: 'Known, for the demo.', author: 'Ann Reviewer <ann@example.org>' }],
    );
    await waitFor('the decision in the page', async () =>
      /Known, for the demo\./.test(await document.locator('main').innerText()),
    );
    await screenshot(page, 'review-decision-dark');
  });

  it('compares the working tree with HEAD, says that a gate was loosened, and obeys the same rules', async () => {
    const { page } = window;
    await runCommand(page, 'View: Focus First Editor Group');
    await runCommand(page, 'Fine-Prune: Compare Defense Reports');
    await pick(page, 'HEAD');
    const compared = await webviewPage(page, 'main .labels', 90_000);
    const document = await compared.document();
    await waitFor('the loosened gate', async () => /loosened/i.test(await document.locator('main').innerText()));
    await inEachTheme(page, async (theme) => {
      await screenshot(page, `review-compare-${theme}`);
      assert.deepEqual(await seriousViolations(document, theme), [], theme);
    });
  });

  it('comes back when the window is loaded again: the drawn report and the comparison', async () => {
    const { page } = window;
    // In a browser VS Code writes down once a minute what is open, and can't at the last moment.
    await waitFor(
      'VS Code to have written down both',
      async () => {
        const stored = await storedEditors(page);
        return stored.includes('finePrune.compare') && stored.includes('finePrune.report');
      },
      { deadlineMs: 100_000, intervalMs: 500 },
    );
    const loaded = page.waitForEvent('load');
    await runCommand(page, 'Developer: Reload Window');
    await loaded;
    await waitReady(page);
    for (const [marker, said] of [
      ['main .labels', /loosened/i],
      ['text=Confusion matrices', /Not mitigated/i],
    ] as const) {
      const document = await (await webviewPage(page, marker, 90_000)).document();
      await waitFor(`${marker} as before`, async () => said.test(await document.locator('main').innerText()));
    }
  });

  it('breaks no rule of its content security policy, and asks nothing of any network', () => {
    assert.deepEqual(violations, []);
    assert.deepEqual(externalRequests(window.page), []);
  });
});
