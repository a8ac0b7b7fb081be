import { findNodeAtLocation } from 'jsonc-parser';
import * as vscode from 'vscode';
import { withChoice, withRepair, type PruneChoice, type RepairChoice } from '../../server/language/config/edits';
import { changedPart, rootOf } from '../../server/language/text/json-edits';
import { badInput } from '../../server/protocol/errors';
import { baseName } from '../ui/open';
import { refuseLinksOutside } from './confined';

/**
 * Writes what a person chose to prune into a config, as one edit that undo takes back. A config that nobody has open is saved, since
 * it would else stay unsaved where nobody sees it; one that is open is left to its person.
 * @param byDefault the layer that the config prunes when it names none; undefined when that is not known
 * @returns what was done, in words
 * @throws FinePruneError when the config is not valid JSON or can't be changed
 */
export function writeChoice(config: vscode.Uri, choice: PruneChoice, byDefault: string | undefined): Promise<string> {
  return write(config, (text) => withChoice(text, choice, byDefault));
}

/**
 * Writes into a config that it asks for a repair, in the same way; a trigger that is known there stays.
 * @returns what was done, in words
 * @throws FinePruneError as writeChoice does
 */
export function writeRepair(config: vscode.Uri, choice: RepairChoice): Promise<string> {
  return write(config, (text) => withRepair(text, choice));
}

async function write(config: vscode.Uri, change: (text: string) => { text: string; told: string }): Promise<string> {
  const name = baseName(config);
  await refuseLinksOutside(config);
  const open = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === config.toString());
  const hasOwner = isShown(config) || open?.isDirty === true;
  const document = open ?? (await read(config));
  const before = document.getText();
  if (!rootOf(before))
    throw badInput('config.syntax', `${name} is not valid JSON, so nothing was written to it.`, {
      file: config.fsPath,
      todo: 'Fix the JSON first.',
    });
  const { text, told } = change(before);
  if (text === before) return `${name} already says ${told}.`;
  const edit = new vscode.WorkspaceEdit();
  const part = changedPart(before, text);
  edit.replace(config, new vscode.Range(document.positionAt(part.start), document.positionAt(part.end)), part.text);
  if (!(await vscode.workspace.applyEdit(edit)))
    throw badInput('config.notEdited', `${name} could not be edited.`, {
      file: config.fsPath,
      todo: 'Check whether it is read-only.',
    });
  if (hasOwner) return `Wrote ${told} to ${name}. The file has unsaved changes; Undo reverts this.`;
  if (!(await document.save()))
    throw badInput('config.notSaved', `${told} was written to ${name}, but the file could not be saved.`, {
      file: config.fsPath,
      todo: 'Open it and save it, or undo the change.',
    });
  return `Wrote ${told} to ${name} and saved it.`;
}

async function read(config: vscode.Uri): Promise<vscode.TextDocument> {
  try {
    return await vscode.workspace.openTextDocument(config);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw badInput('config.notReadable', `${baseName(config)} can't be read, so nothing was written: ${reason}`, {
      file: config.fsPath,
    });
  }
}

/** Whether a person has it in an editor, alone or in a comparison. */
export function isShown(file: vscode.Uri): boolean {
  const key = file.toString();
  return vscode.window.tabGroups.all.some(({ tabs }) =>
    tabs.some(
      ({ input }) =>
        (input instanceof vscode.TabInputText && input.uri.toString() === key) ||
        (input instanceof vscode.TabInputTextDiff && input.modified.toString() === key),
    ),
  );
}

/** The layer that a config names, as it is on the disk; undefined when it names none, null when it is not known. */
export async function readLayer(config: vscode.Uri): Promise<string | undefined | null> {
  const bytes = await vscode.workspace.fs.readFile(config).then(
    (read) => read,
    () => undefined,
  );
  const root = bytes && rootOf(new TextDecoder().decode(bytes));
  if (!root) return null;
  const layer = findNodeAtLocation(root, ['layer']);
  return layer ? String(layer.value) : undefined;
}
