import { stat } from 'node:fs/promises';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { readText } from '../../engine/files/read';
import type { ModelFormat } from '../../engine/model/formats/format';
import { refuseOtherModel } from '../../engine/model/formats/other-model';
import { formatOf, MODEL_FORMATS } from '../../engine/model/formats/registry';
import type { ModelFact } from '../../language/text/facts';
import { FinePruneError, type Failure } from '../../protocol/errors';
import type { ModelHashes, ModelSummary } from '../../protocol/model';
import { FileMemo, stampOf } from './file-memo';
import type { Log } from '../host';
import { filesOf, hashesOf, summaryAtOnce, summaryOf } from './model-worker';
import { MODEL_FILES } from '../../protocol/files';

/** An open document: what was reported of it last, and what is still being found out about its newest version. */
interface Reading {
  version: number;
  /** Null when its text is no model. */
  summary: ModelSummary | null;
  problem: Failure | null;
  pending: Promise<void> | undefined;
}

/** What is known of models, by absolute path: from the open document if there is one, else from disk. */
export class Models {
  private readonly memo = new FileMemo(readFact);
  private readonly files = new FileMemo(readFiles);
  private readonly hashed = new Map<string, { stamp: string; hashes: Promise<ModelHashes> }>();
  private readonly open = new WeakMap<TextDocument, Reading>();

  constructor(private readonly log: Log) {}

  /** Never rejects. */
  async fact(file: string): Promise<ModelFact> {
    try {
      if ((await stat(file)).isDirectory()) return await folderFact(file);
      return await this.memo.get(file);
    } catch (error) {
      if (error instanceof FinePruneError) return unreadable(error);
      const { code, message } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' || code === 'ENOTDIR'
        ? { state: 'missing' }
        : { state: 'unreadable', message: `The model cannot be read: ${code ?? message}.` };
    }
  }

  /**
   * The summary of an open document, null when its text is no model; at once, and for a long text that of the version before
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
   * Why the newest version of an open document can't be defended: what a model lacks, or what a text is instead; null for models
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
    const question = { text: document.getText(), file };
    const answer = summaryAtOnce(question);
    const { summary, problem } = answer ?? known ?? { summary: null, problem: null };
    const reading: Reading = { version, summary, problem, pending: undefined };
    if (!answer) {
      reading.pending = summaryOf(question).then(
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
    const files = await this.files.get(file);
    const stamp = (await Promise.all(files.map(stampOf))).join();
    let known = this.hashed.get(file);
    if (known?.stamp !== stamp) {
      const hashes = readHashes(file);
      known = { stamp, hashes };
      this.hashed.set(file, known);
      hashes.catch(() => this.hashed.delete(file));
    }
    return await known.hashes;
  }
}

/** Codes of problems that say what a file is. */
const RECOGNISED = new Set(['model.lfsPointer', 'model.graphModel', 'model.otherFormat']);

async function readFact(file: string): Promise<ModelFact> {
  let format;
  try {
    format = await formatOf(file);
  } catch (error) {
    return unreadable(error as FinePruneError);
  }
  const { summary, problem } = await summaryOf({ text: await readText(file, MODEL_FILES[format.id].mostBytes), file });
  if (summary) return { state: 'ok', summary };
  return unreadable(problem ?? { message: `This file is not a ${MODEL_FORMATS[0].label}.` });
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

/** @throws Error for a file that is too long to be read */
async function checkedSize(file: string, { id }: ModelFormat): Promise<number> {
  const { size } = await stat(file);
  const { mostBytes } = MODEL_FILES[id];
  if (size > mostBytes) throw new Error(`it has ${size} bytes; the limit is ${mostBytes}`);
  return size;
}

async function readFiles(file: string): Promise<string[]> {
  const format = await formatOf(file);
  return await filesOf({ format: format.id, file }, await checkedSize(file, format));
}

async function readHashes(file: string): Promise<ModelHashes> {
  const format = await formatOf(file);
  return await hashesOf({ format: format.id, file }, await checkedSize(file, format));
}
