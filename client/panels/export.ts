import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { badInput } from '../../server/protocol/errors';
import type { FromInspector } from '../../server/protocol/messages/inspector-view';
import { baseName } from '../ui/open';
import { CONFIG_FILE } from '../../server/protocol/files';
import { limitMegabytes } from '../../server/protocol/words';

const MOST_BYTES = 32 * 1024 * 1024;
const KINDS = { svg: 'SVG picture', png: 'PNG picture', csv: 'Table' } as const;

/**
 * Saves what a page has drawn where the person says. The file is whole or not there.
 * @returns what was done, in words; undefined when the person changed their mind
 * @throws FinePruneError `export.tooLarge`; Error when the file can't be written
 */
export async function saveExport(
  config: vscode.Uri,
  { name, format, content }: Pick<Extract<FromInspector, { type: 'export' }>, 'name' | 'format' | 'content'>,
): Promise<string | undefined> {
  if (content.byteLength > MOST_BYTES)
    throw badInput(
      'export.tooLarge',
      `The ${format} file has ${limitMegabytes(content.byteLength)}; at most ${limitMegabytes(MOST_BYTES)} can be saved.`,
      { todo: 'Export a smaller part.' },
    );
  // The name came from the page: letters, digits and dashes are all that it may bring.
  const file = `${CONFIG_FILE.nameOf(baseName(config))}-${name.replace(/[^\w-]+/g, '-').slice(0, 80)}.${format}`;
  const target = await vscode.window.showSaveDialog({
    title: `Fine-Prune: save as ${format.toUpperCase()}`,
    defaultUri: vscode.Uri.joinPath(config, '..', file),
    filters: { [KINDS[format]]: [format] },
  });
  if (!target) return undefined;
  const temporary = vscode.Uri.joinPath(target, '..', `.fineprune-${randomBytes(6).toString('hex')}.tmp`);
  try {
    await vscode.workspace.fs.writeFile(temporary, content);
    await vscode.workspace.fs.rename(temporary, target, { overwrite: true });
  } catch (error) {
    await vscode.workspace.fs.delete(temporary).then(
      () => undefined,
      () => undefined,
    );
    throw error;
  }
  return `Saved ${vscode.workspace.asRelativePath(target)}.`;
}
