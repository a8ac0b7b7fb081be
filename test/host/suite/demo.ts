import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import * as vscode from 'vscode';
import type { FinePruneApi } from '../../../client/extension';
import { waitFor } from '../../harness/poll';
import { smallModelVariable } from '../results';

/** The extension under test, activated, with its server up. */
export async function extension(): Promise<vscode.Extension<FinePruneApi>> {
  const found = vscode.extensions.getExtension<FinePruneApi>('fine-prune.fine-prune');
  if (!found) throw new Error('fine-prune.fine-prune is not among the extensions');
  const { ready } = await found.activate();
  await ready;
  return found;
}

/** The workspace folder of these tests: a throw-away copy that the runner has made. */
export function workspaceRoot(): string {
  const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  if (root === undefined) throw new Error('the host tests need a workspace folder');
  return root;
}

/** Header words of an IDX file: magic and dimensions. */
function first(idx: Buffer, items: number): Buffer {
  const dimensions = idx.readUInt8(3);
  const header = Buffer.from(idx.subarray(0, 4 + 4 * dimensions));
  let size = 1;
  for (let d = 1; d < dimensions; d++) size *= idx.readUInt32BE(4 + 4 * d);
  header.writeUInt32BE(items, 4);
  return Buffer.concat([header, idx.subarray(header.length, header.length + items * size)]);
}

/** How much of MNIST a test uses: a run is through with it in seconds. */
const IMAGES = { train: 640, test: 300 };

/**
 * The backdoored demo model in a folder of its own below the workspace, with the first images of MNIST.
 * @param config text of its defense config; none is written without one
 * @param small a small network in its place, attacked alike, on which a search for triggers takes a tenth of the time
 */
export async function demoFolder(
  name: string,
  config?: string,
  { small = false } = {},
): Promise<{ folder: string; model: vscode.Uri; config: vscode.Uri }> {
  const { extensionPath } = await extension();
  const folder = path.join(workspaceRoot(), name);
  await mkdir(path.join(folder, 'data'), { recursive: true });
  const original = small
    ? (process.env[smallModelVariable] ?? '')
    : path.join(extensionPath, 'examples', 'mnist-badnets');
  for (const file of ['model.json', 'weights.bin'])
    await writeFile(path.join(folder, file), await readFile(path.join(original, file)));
  for (const [file, items] of [
    ['train-images-idx3-ubyte', IMAGES.train],
    ['train-labels-idx1-ubyte', IMAGES.train],
    ['t10k-images-idx3-ubyte', IMAGES.test],
    ['t10k-labels-idx1-ubyte', IMAGES.test],
  ] as const) {
    const whole = await readFile(path.join(extensionPath, 'dist', 'mnist', `${file}.gz`));
    // So many compressed bytes are at least so many images; to unpack all 60,000 each time would take most of a test's time.
    const head = gunzipSync(whole.subarray(0, 1024 + items * 28 * 28), { finishFlush: constants.Z_SYNC_FLUSH });
    await writeFile(path.join(folder, 'data', `${file}.gz`), gzipSync(first(head, items), { level: 1 }));
  }
  const configFile = path.join(folder, `${name}.fineprune.json`);
  if (config !== undefined) await writeFile(configFile, config);
  return { folder, model: vscode.Uri.file(path.join(folder, 'model.json')), config: vscode.Uri.file(configFile) };
}

/** A config for `demoFolder`, quick to run; `more` goes to the end of its object, as text. */
export const configText = (more = '"fineTune": { "epochs": 1 }', holdout = 64): string => `// a test's config
{
  "model": "model.json",
  "data": {
    "train": { "images": "data/train-images-idx3-ubyte.gz", "labels": "data/train-labels-idx1-ubyte.gz" },
    "test": { "images": "data/t10k-images-idx3-ubyte.gz", "labels": "data/t10k-labels-idx1-ubyte.gz" },
    "holdout": ${holdout}
  },
  "trigger": { "kind": "patch", "target": 0 },
  ${more}
}
`;

/** Opens a file in an editor and returns its document. */
export async function open(uri: vscode.Uri): Promise<vscode.TextDocument> {
  const { document } = await vscode.window.showTextDocument(uri, { preview: false });
  return document;
}

/** Waits until the diagnostics of a file are as wanted, and returns them. */
export async function diagnosticsWhen(
  uri: vscode.Uri,
  what: string,
  wanted: (all: vscode.Diagnostic[]) => boolean,
): Promise<vscode.Diagnostic[]> {
  return await waitFor(
    `diagnostics of ${path.basename(uri.fsPath)}: ${what}`,
    () => {
      const all = vscode.languages.getDiagnostics(uri);
      return wanted(all) && all.concat();
    },
    { deadlineMs: 30_000 },
  ).catch((error: unknown) => {
    const now = vscode.languages.getDiagnostics(uri).map(({ message }) => message);
    throw new Error(`${String(error)}; they are ${JSON.stringify(now)}`);
  });
}

export async function closeEditors(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

/** The title of every code lens of a file. */
export async function lensTitles(uri: vscode.Uri): Promise<string[]> {
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri, 50);
  return lenses.map(({ command }) => command?.title ?? '');
}

/** The text of every inlay hint of a file. */
export async function hintLabels(document: vscode.TextDocument): Promise<string[]> {
  const range = new vscode.Range(0, 0, document.lineCount, 0);
  const hints = await vscode.commands.executeCommand<vscode.InlayHint[]>(
    'vscode.executeInlayHintProvider',
    document.uri,
    range,
  );
  return hints.map(({ label }) => (typeof label === 'string' ? label : label.map(({ value }) => value).join('')));
}
