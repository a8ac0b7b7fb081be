import * as vscode from 'vscode';
import { badInput } from '../../server/protocol/errors';
import { baseName } from '../ui/open';
import { labelOf } from './revisions';
import { limitMegabytes } from '../../server/protocol/words';

/**
 * The bytes of a file of any scheme.
 * @returns null when it is not there; an empty one is not there either, since that is what some schemes give for a missing file
 * @throws FinePruneError `file.tooLarge`; `file.notReadable` with the scheme's own reason
 */
export async function readBytes(uri: vscode.Uri, most: number): Promise<Uint8Array | null> {
  const tooLarge = (bytes: number) =>
    badInput(
      'file.tooLarge',
      `${baseName(uri)} (${labelOf(uri)}) has ${limitMegabytes(bytes)}; at most ${limitMegabytes(most)} are read.`,
      { ...(uri.scheme === 'file' && { file: uri.fsPath }) },
    );
  try {
    const { size } = await vscode.workspace.fs.stat(uri).then(
      (stat) => stat,
      () => ({ size: 0 }),
    );
    if (size > most) throw tooLarge(size);
    const bytes = await vscode.workspace.fs.readFile(uri);
    if (bytes.byteLength > most) throw tooLarge(bytes.byteLength);
    return bytes.byteLength > 0 ? bytes : null;
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return null;
    if (error instanceof vscode.FileSystemError)
      throw badInput('file.notReadable', `${baseName(uri)} (${labelOf(uri)}) can't be read: ${error.message}`, {
        ...(uri.scheme === 'file' && { file: uri.fsPath }),
      });
    throw error;
  }
}

/** The text of a file of any scheme, as an editor has it when it is open there. @throws as `readBytes` */
export async function readText(uri: vscode.Uri, most: number): Promise<string | null> {
  const open = vscode.workspace.textDocuments.find(
    (document) => document.uri.toString() === uri.toString() && !document.isClosed,
  );
  if (open?.isDirty) return open.getText();
  const bytes = await readBytes(uri, most);
  return bytes && new TextDecoder().decode(bytes);
}
