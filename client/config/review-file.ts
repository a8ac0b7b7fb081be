import * as vscode from 'vscode';
import { changedPart } from '../../server/language/text/json-edits';
import { badInput } from '../../server/protocol/errors';
import { baseName } from '../ui/open';
import { refuseLinksOutside } from './confined';
import { isShown } from './edits';

/**
 * Writes the decisions beside a report, as one edit that undo takes back. A file that nobody has open is saved; one that is open is
 * left to its person.
 * @param before its text as it was read; null when there was none
 * @returns what was done, in words
 * @throws FinePruneError when it can't be edited or saved, or has changed meanwhile
 */
export async function writeReview(review: vscode.Uri, before: string | null, text: string): Promise<string> {
  const name = baseName(review);
  await refuseLinksOutside(review);
  const edit = new vscode.WorkspaceEdit();
  const open = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === review.toString());
  const hasOwner = isShown(review) || open?.isDirty === true;
  if (before === null && !open) {
    // An empty file may stand there; one with content, written just now, is not overwritten.
    const empty = await vscode.workspace.fs.stat(review).then(
      ({ size }) => size === 0,
      () => false,
    );
    edit.createFile(review, { contents: new TextEncoder().encode(text), ...(empty && { overwrite: true }) });
  } else {
    const document = open ?? (await vscode.workspace.openTextDocument(review));
    const part = changedPart(document.getText(), text);
    edit.replace(review, new vscode.Range(document.positionAt(part.start), document.positionAt(part.end)), part.text);
  }
  if (!(await vscode.workspace.applyEdit(edit)))
    throw badInput('review.notEdited', `${name} could not be written.`, {
      file: review.fsPath,
      todo: 'Check whether it is read-only or was changed just now.',
    });
  if (hasOwner) return `${name} has unsaved changes; Undo reverts this.`;
  if (!(await (await vscode.workspace.openTextDocument(review)).save()))
    throw badInput('review.notSaved', `${name} was edited, but could not be saved.`, {
      file: review.fsPath,
      todo: 'Open it and save it, or undo the change.',
    });
  return `The decision was saved in ${name}.`;
}
