import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { contains } from '../engine/files/confine';
import { canonicalJson, sha256 } from '../engine/files/hash';
import { parseManifest } from '../engine/model/manifest';
import { MAX_JSON_BYTES, parseModelJson } from '../engine/model/model-json';
import { isTfjsModelJson, summarise } from '../engine/model/summary';
import type { ModelFact } from '../language/facts';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { FileMemo, stampOf } from './file-memo';

/** Hashes of a model as reports have them. */
export interface ModelHashes {
  topology: string;
  weights: string;
}

/** What is known of models, by absolute path: from the open document if there is one, else from disk. */
export class Models {
  private readonly memo = new FileMemo(readFact);
  private readonly topologies = new FileMemo(readTopology);
  private readonly weights = new Map<string, { stamp: string; hash: Promise<string> }>();
  private readonly open = new WeakMap<TextDocument, { version: number; fact: ModelFact | undefined }>();

  /** Never rejects. */
  async fact(file: string): Promise<ModelFact> {
    try {
      if (!(await stat(file)).isFile()) return { state: 'folder' };
      return await this.memo.get(file);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' || code === 'ENOTDIR' ? { state: 'missing' } : { state: 'unreadable', message: `The model cannot be read (${code ?? String(error)}).` };
    }
  }

  /** The same for an open document; undefined when its text is no TF.js model. Computed once a version. */
  ofDocument(document: TextDocument, file: string): ModelFact | undefined {
    const known = this.open.get(document);
    if (known?.version === document.version) return known.fact;
    const text = document.getText();
    const fact: ModelFact | undefined = isTfjsModelJson(text) ? { state: 'ok', summary: summarise(text, file) } : undefined;
    this.open.set(document, { version: document.version, fact });
    return fact;
  }

  /**
   * Hashes of the model on disk, to compare with a report's.
   * @throws when it cannot be read
   */
  async hashes(file: string): Promise<ModelHashes> {
    const { topology, shards } = await this.topologies.get(file);
    const stamp = (await Promise.all(shards.map(stampOf))).join();
    let known = this.weights.get(file);
    if (known?.stamp !== stamp) {
      const hash = hashFiles(shards);
      known = { stamp, hash };
      this.weights.set(file, known);
      hash.catch(() => this.weights.delete(file));
    }
    return { topology, weights: await known.hash };
  }
}

async function readFact(file: string): Promise<ModelFact> {
  const text = await readModelText(file);
  return { state: 'ok', summary: summarise(text, file) };
}

async function readModelText(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > MAX_JSON_BYTES) throw new Error(`it has ${size} bytes, and at most ${MAX_JSON_BYTES} are read`);
  return readFile(file, 'utf8');
}

async function readTopology(file: string): Promise<{ topology: string; shards: string[] }> {
  const root = parseModelJson(await readModelText(file), file);
  const folder = await realpath(path.dirname(file));
  const shards = await Promise.all(parseManifest(root).flatMap((group) => group.paths).map(async (shard) => {
    const target = await realpath(path.join(folder, shard));
    if (!contains(folder, target)) throw new Error(`"${shard}" leads out of the model's folder`);
    return target;
  }));
  return { topology: sha256(canonicalJson(root.at('modelTopology').value)), shards };
}

async function hashFiles(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) await hashInto(hash, file);
  return hash.digest('hex');
}

async function hashInto(hash: Hash, file: string): Promise<void> {
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
}
