import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { faultOfExpiry, faultOfReason } from '../../../client/commands/accept-finding';
import { writeReview } from '../../../client/config/review-file';
import { waitFor } from '../../harness/poll';
import { closeEditors, extension, open, workspaceRoot } from './demo';

describe('A decision written beside a report', () => {
  let folder: string;
  before(async () => {
    await extension();
    await closeEditors();
    folder = path.join(workspaceRoot(), 'decisions');
    await mkdir(folder, { recursive: true });
  });
  after(closeEditors);

  it('makes the file, saved, then changes one line of it; undo takes that back', async () => {
    const review = vscode.Uri.file(path.join(folder, 'decided.defense-review.json'));
    const [one, two] = ['{\n"decisions": [\n]}\n', '{\n"decisions": [\n1\n]}\n'];
    assert.equal(await writeReview(review, null, one), 'The decision was saved in decided.defense-review.json.');
    assert.equal(await readFile(review.fsPath, 'utf8'), one);
    const document = await open(review);
    assert.match(await writeReview(review, one, two), /has unsaved changes/);
    assert.deepEqual([document.getText(), document.isDirty], [two, true]);
    await vscode.commands.executeCommand('undo');
    await waitFor('the text as it was', () => document.getText() === one);
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  });

  it('does not overwrite what somebody else has just written', async () => {
    const review = vscode.Uri.file(path.join(folder, 'raced.defense-review.json'));
    await writeFile(review.fsPath, 'theirs');
    await assert.rejects(writeReview(review, null, 'ours'), { code: 'review.notEdited' });
    assert.equal(await readFile(review.fsPath, 'utf8'), 'theirs');
    await rm(review.fsPath);
  });

  it('is not written through a link that leads out of the workspace', async () => {
    const outside = await mkdtemp(path.join(os.tmpdir(), 'fp-outside-'));
    const elsewhere = path.join(outside, 'settings.json');
    await writeFile(elsewhere, '{}');
    for (const target of [elsewhere, path.join(outside, 'none')]) {
      const review = vscode.Uri.file(path.join(folder, 'linked.defense-review.json'));
      await symlink(target, review.fsPath);
      await assert.rejects(writeReview(review, null, '{}\n'), { code: 'output.linkOutside' });
      await rm(review.fsPath);
    }
    assert.deepEqual([await readFile(elsewhere, 'utf8'), await readdir(outside)], ['{}', ['settings.json']]);
    await rm(outside, { recursive: true });
  });

  it('needs a reason, and a last day that is a day and not over', () => {
    assert.deepEqual(
      [faultOfReason(' '), faultOfReason('x'.repeat(1001))?.slice(0, 5), faultOfReason('known')],
      ['A decision needs a reason.', '1001 ', undefined],
    );
    const faults = ['', '2026-02-28', '2026-02-30', '2026-13-01', '1.3.2026', '2026-02-27'].map(
      (day) => faultOfExpiry(day, '2026-02-28') === undefined,
    );
    assert.deepEqual(faults, [true, true, false, false, false, false]);
  });
});
