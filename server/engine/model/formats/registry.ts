import path from 'node:path';
import type { ModelFormatId } from '../../../protocol/files';
import { HEAD_BYTES } from '../../files/file-kind';
import { readHead, sniffFile } from '../../files/sniff';
import type { OpenModel } from '../model';
import type { Match, ModelFormat, ModelStorage, SimpleCnnOptions } from './format';
import { refuseOtherBytes, refuseOtherModel } from './other-model';
import { refuseOutside } from './outside';
import { tfjsLayers } from './tfjs-layers/format';

/**
 * The model formats that Fine-Prune opens. The first one is what a file is read as of which nothing is known: its messages say what a
 * model should be. Files of formats that are known and not opened are named by `other-model.ts`.
 */
export const MODEL_FORMATS: readonly [ModelFormat, ...ModelFormat[]] = [tfjsLayers];

/** The format of that name. */
export function formatNamed(id: ModelFormatId): ModelFormat {
  return MODEL_FORMATS.find((format) => format.id === id)!;
}

/**
 * The format whose content a file or document has; null for all others.
 * @param beginning see `ModelFormat.match`
 */
export function formatOfContent(name: string, beginning: Uint8Array | string): ModelFormat | null {
  return MODEL_FORMATS.find((format) => format.match(name, beginning) === 'content') ?? null;
}

/**
 * The format of a file that a person calls a model: by its content, else by its name, else the first one.
 * @param file absolute path; reads its first bytes, if it is there
 * @throws FinePruneError `model.lfsPointer`, `model.otherFormat` for a file or folder that is of another kind
 */
export async function formatOf(file: string): Promise<ModelFormat> {
  const beginning = (await beginningOf(file)) ?? new Uint8Array();
  const matched = matchedBy(path.basename(file), beginning);
  if (matched.content) return matched.content;
  // A name says nothing against the content; two names say the same.
  if (!matched.name || (await sniffFile(file))?.sure !== 'name') await refuseOtherModel(file);
  return matched.name ?? MODEL_FORMATS[0];
}

/**
 * The same, of a file's bytes that are at hand.
 * @throws FinePruneError as `formatOf`
 */
export function formatOfBytes(name: string, bytes: Uint8Array): ModelFormat {
  const matched = matchedBy(name, bytes.subarray(0, HEAD_BYTES));
  if (matched.content) return matched.content;
  refuseOtherBytes(bytes, name);
  return matched.name ?? MODEL_FORMATS[0];
}

function matchedBy(name: string, beginning: Uint8Array): Record<'content' | 'name', ModelFormat | undefined> {
  const by = (how: Match) => MODEL_FORMATS.find((format) => format.match(name, beginning) === how);
  return { content: by('content'), name: by('name') };
}

/** First bytes of a file; null for what is no file, or can't be read. */
async function beginningOf(file: string): Promise<Uint8Array | null> {
  try {
    return await readHead(file);
  } catch {
    return null;
  }
}

/**
 * Opens a model. A backend must be chosen before.
 * @param opts.root folder that the file must lie in, links followed; left out: anywhere
 * @throws FinePruneError of kind `input`, code `model.…`, for everything that is wrong with the files
 */
export async function openModel(file: string, opts: { root?: string } = {}): Promise<OpenModel> {
  const absolute = path.resolve(file);
  if (opts.root !== undefined) await refuseOutside(absolute, opts.root);
  return (await (await formatOf(absolute)).storage()).open(absolute);
}

/** What saves a model that is open. */
export function storageOf(model: OpenModel): Promise<ModelStorage> {
  return formatNamed(model.format).storage();
}

/** The reference network SimpleCNN with fresh weights, in the first format that makes it. */
export async function createSimpleCnn(opts: SimpleCnnOptions): Promise<OpenModel> {
  for (const format of MODEL_FORMATS) {
    const { simpleCnn } = await format.storage();
    if (simpleCnn) return simpleCnn(opts);
  }
  throw new Error('no model format makes the reference network');
}

/**
 * Whether a file is a model that can be defended, as far as it can be said without its weights.
 * @param opts.strict whether a file of which nothing is known is refused, too
 * @throws FinePruneError `model.…` with what it is instead, or what speaks against it
 */
export async function checkModelFile(file: string, opts: { strict: boolean }): Promise<void> {
  await (await formatOf(file)).check(file, opts);
}
