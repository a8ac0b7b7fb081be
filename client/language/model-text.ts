import { realpath } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { badInput, describeFailure, FinePruneError } from '../../server/protocol/errors';
import { MODEL_TEXT_REQUEST, type ModelTextParams, type ModelTextResult } from '../../server/protocol/messages/lsp';
import { readBytes } from '../git/read';
import { besideUri } from '../git/revisions';
import { baseName } from '../ui/open';
import type { LanguageServer } from './server';
import {
  anyOf,
  MODEL_PATTERNS,
  MOST_MODEL_BYTES,
  MOST_TEXT_WEIGHT_BYTES,
  WEIGHTS_PATTERNS,
} from '../../server/protocol/files';
import { contains } from '../../server/protocol/paths';

export const MODEL_SCHEME = 'fineprune-model';

/** The document that says a model as text: its layers, zeroed units, and a hash of each tensor. */
export const modelTextUri = (model: vscode.Uri): vscode.Uri =>
  vscode.Uri.from({ scheme: MODEL_SCHEME, path: `${model.path}.txt`, query: model.toString() });

/** Models as texts, of whatever scheme, so that an editor can show what differs. */
export class ModelTexts implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly watcher = vscode.workspace.createFileSystemWatcher(anyOf(...MODEL_PATTERNS, ...WEIGHTS_PATTERNS));
  private readonly registrations: vscode.Disposable[];
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly server: LanguageServer,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const touched = (file: vscode.Uri): void =>
      this.refresh(
        ({ scheme, path: model }) =>
          scheme === 'file' && path.posix.dirname(file.path).startsWith(path.posix.dirname(model)),
      );
    const { onDidChange, onDidCreate, onDidDelete } = this.watcher;
    this.registrations = [
      vscode.workspace.registerTextDocumentContentProvider(MODEL_SCHEME, this),
      this.watcher,
      this.changed,
      onDidChange(touched),
      onDidCreate(touched),
      onDidDelete(touched),
    ];
  }

  /** Makes the texts of open models again. */
  refresh(which: (model: vscode.Uri) => boolean): void {
    for (const { uri } of vscode.workspace.textDocuments) {
      if (uri.scheme === MODEL_SCHEME && which(vscode.Uri.parse(uri.query, true))) this.changed.fire(uri);
    }
  }

  /** A document that can't be made says why instead: in a diff the other side is still worth seeing. */
  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    try {
      return await this.text(vscode.Uri.parse(uri.query, true), token);
    } catch (error) {
      this.log.warn(`${uri.path}: ${error instanceof FinePruneError ? describeFailure(error) : String(error)}`);
      if (!(error instanceof FinePruneError))
        return `Not shown as text: ${error instanceof Error ? error.message : String(error)}\n`;
      return `Not shown as text: ${error.message}\n${error.todo === undefined ? '' : `${error.todo}\n`}`;
    }
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }

  private async text(model: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    const json = await readBytes(model, MOST_MODEL_BYTES);
    // Nothing against something is what a diff of an added or deleted model is.
    if (!json) return '';
    const ask = async (shards: ModelTextParams['shards']): Promise<Exclude<ModelTextResult, { ok: false }>> => {
      const result = await this.server.request<ModelTextResult>(
        MODEL_TEXT_REQUEST,
        { name: baseName(model), json: plain(json), shards } satisfies ModelTextParams,
        token,
      );
      if (!result.ok) throw new FinePruneError(result.failure);
      return result;
    };
    const first = await ask(null);
    if ('text' in first) return first.text;
    const shards: NonNullable<ModelTextParams['shards']> = [];
    let left = MOST_TEXT_WEIGHT_BYTES;
    for (const shard of new Set(first.needs)) {
      if (token.isCancellationRequested) return '';
      const bytes = await readShard(model, shard, left);
      left -= bytes?.byteLength ?? 0;
      shards.push({ path: shard, bytes: bytes && plain(bytes) });
    }
    const second = await ask(shards);
    return 'text' in second ? second.text : '';
  }
}

/** Bytes of a weight file; null when it is not there. One outside of the model's folder is not looked at: what a model names is not trusted. */
async function readShard(model: vscode.Uri, shard: string, most: number): Promise<Uint8Array | null> {
  const normal = path.posix.normalize(shard);
  if (path.posix.isAbsolute(normal) || normal.split('/')[0] === '..') return null;
  const uri = besideUri(model, normal);
  if (uri.scheme === 'file') {
    const [folder, file] = await Promise.all([realpath(path.dirname(model.fsPath)), realpath(uri.fsPath)]).catch(() => [
      '',
      '',
    ]);
    if (!file || !folder || !contains(path, folder, file)) return null;
  }
  return await readBytes(uri, most).catch((error: unknown) => {
    if (error instanceof FinePruneError && error.code === 'file.tooLarge')
      throw badInput(
        'model.tooLarge',
        `The weights of ${baseName(model)} are larger than ${MOST_TEXT_WEIGHT_BYTES / 2 ** 30} GB.`,
        { todo: 'A text diff reads all weights, so larger models are not shown.' },
      );
    throw error;
  });
}

/** Of a Node `Buffer`, whose class the channel would lose, the same bytes as a plain array. */
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
