import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { contains } from '../../engine/files/confine';
import { contentSha256 } from '../../engine/files/hash';
import { refuseOtherModel } from '../../engine/model/formats/other-model';
import type { ModelFact } from '../../language/text/facts';
import type { Failure, FinePruneError } from '../../protocol/errors';
import type { ModelSummary } from '../../protocol/model';
import { FileMemo, stampOf } from './file-memo';
import type { Log } from '../host';
import { readAtOnce, readInThread } from './model-worker';
import { MOST_MODEL_BYTES } from '../../protocol/files';

/** Hashes of a model as reports have them. */
export interface ModelHashes {
  topology: string;
  weights: string;
}

/** An open document: what was told of it last, and what is still being found out about its newest version. */
interface Reading {
  version: number;
  /** Null when its text is no TF.js model. */
  summary: ModelSummary | null;
  problem: Failure | null;
  pending: Promise<void> | undefined;
}

/** What is known of models, by absolute path: from the open document if there is one, else from disk. */
export class Models {
  private readonly memo = new FileMemo(readFact);
  private readonly topologies = new FileMemo(readTopology);
  private readonly weights = new Map<string, { stamp: string; hash: Promise<string> }>();
  private readonly open = new WeakMap<TextDocument, Reading>();

  constructor(private readonly log: Log) {}

  /** Never rejects. */
  async fact(file: string): Promise<ModelFact> {
    try {
      if (!(await stat(file)).isFile()) return await folderFact(file);
      return await this.memo.get(file);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' || code === 'ENOTDIR'
        ? { state: 'missing' }
        : { state: 'unreadable', message: `The model cannot be read: ${code ?? message}.` };
    }
  }

  /**
   * The summary of an open document, null when its text is no TF.js model; at once, and for a long text that of the version before
   * until the newest is read.
   */
  ofDocument(document: TextDocument, file: string): ModelSummary | null {
    return this.reading(document, file).summary;
  }

  /** The same, of the newest version. */
  async read(document: TextDocument, file: string): Promise<ModelSummary | null> {
    await this.reading(document, file).pending;
    return this.reading(document, file).summary;
  }

  /**
   * Why the newest version of an open document can't be defended: what a TF.js model lacks, or what a text is instead; null for models
   * that can be, and for texts of which nothing is known.
   */
  async problem(document: TextDocument, file: string): Promise<Failure | null> {
    await this.reading(document, file).pending;
    const { summary, problem } = this.reading(document, file);
    return problem && (summary || RECOGNISED.has(problem.code)) ? problem : null;
  }

  private reading(document: TextDocument, file: string): Reading {
    const { version } = document;
    const known = this.open.get(document);
    if (known?.version === version) return known;
    const question = { want: 'summary' as const, text: document.getText(), file };
    const answer = readAtOnce(question);
    const { summary, problem } = answer ?? known ?? { summary: null, problem: null };
    const reading: Reading = { version, summary, problem, pending: undefined };
    if (!answer) {
      reading.pending = readInThread(question).then(
        (read) => void Object.assign(reading, { summary: read.summary, problem: read.problem }),
        (error: unknown) => this.log.error(`${file} could not be read`, error),
      );
    }
    this.open.set(document, reading);
    return reading;
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

/** Codes of problems that say what a file is. */
const RECOGNISED = new Set(['model.lfsPointer', 'model.graphModel', 'model.otherFormat']);

async function readFact(file: string): Promise<ModelFact> {
  try {
    await refuseOtherModel(file);
  } catch (error) {
    return unreadable(error as FinePruneError);
  }
  const { summary, problem } = await readInThread({ want: 'summary', text: await readModelText(file), file });
  if (summary) return { state: 'ok', summary };
  return unreadable(problem ?? { message: 'This file is not a TF.js Layers model.' });
}

/** A folder is no model, but people name one that frameworks save a model as. */
async function folderFact(folder: string): Promise<ModelFact> {
  return await refuseOtherModel(folder).then(
    () => ({ state: 'folder' as const }),
    (error: FinePruneError) => unreadable(error),
  );
}

function unreadable({ message, todo }: Pick<Failure, 'message' | 'todo'>): ModelFact {
  return { state: 'unreadable', message, ...(todo !== undefined && { todo }) };
}

async function readModelText(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > MOST_MODEL_BYTES) throw new Error(`it has ${size} bytes; the limit is ${MOST_MODEL_BYTES}`);
  return readFile(file, 'utf8');
}

async function readTopology(file: string): Promise<{ topology: string; shards: string[] }> {
  const { hashes } = await readInThread({ want: 'hashes', text: await readModelText(file), file });
  if (!hashes) throw new Error('the model is broken');
  const folder = await realpath(path.dirname(file));
  const shards = await Promise.all(
    hashes.shards.map(async (shard) => {
      const target = await realpath(path.join(folder, shard));
      if (!contains(folder, target)) throw new Error(`"${shard}" points outside the model's folder`);
      return target;
    }),
  );
  return { topology: hashes.topology, shards };
}

async function hashFiles(files: readonly string[]): Promise<string> {
  // The one file that a Git LFS pointer stands for is known by the hash in it.
  if (files.length === 1) return await contentSha256(files[0]!);
  const hash = createHash('sha256');
  for (const file of files) {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
