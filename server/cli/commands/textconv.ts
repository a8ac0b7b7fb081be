import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { plain } from '../../protocol/text/plain';
import { readBytes, ReadFault, whatItIs } from '../../engine/files/read';
import { FinePruneError } from '../../protocol/errors';
import { EXIT } from '../exit';
import type { ModelFormat, WeightFileTexts, WeightPlace } from '../../engine/model/formats/format';
import {
  hasModelEnding,
  isOfferedModel,
  looksLikeModel,
  MODEL_FORM,
  MODEL_FILES,
  MOST_MODEL_BYTES,
  MOST_TEXT_WEIGHT_BYTES,
} from '../../protocol/files';
import { print } from '../output/print';

/** `fine-prune textconv`. */
export function textconvCommand(): Command {
  return new Command('textconv')
    .description(
      "Show a model as stable text: layers, zeroed units, a hash of each tensor. For git's diff driver, and for reading.",
    )
    .argument('<file>', 'a TF.js Layers model.json, or a weight file of one')
    .addHelpText(
      'after',
      `
Anything that can't be read is reported, with what to do, and the exit code stays 0, so that \`git diff\` continues.

As git's diff driver, in .gitattributes:
  model.json diff=fineprune
  *.bin      diff=fineprune
and once in each clone:
  $ git config diff.fineprune.textconv 'fine-prune textconv'

Git passes single files of a revision. A model.json is then shown alone, without weights; a weight file, with the tensors
of the model.json in the working folder that names it.

Examples:
  $ fine-prune textconv model.json
  $ git diff main -- model.json weights.bin`,
    )
    .action(async (file: string) => {
      const text = await textOf(file).catch((error: unknown) => whyNot(error, file));
      print(text);
      process.exitCode = EXIT.ok;
    });
}

function whyNot(error: unknown, file: string): string {
  const lines =
    error instanceof FinePruneError ? [error.message, error.todo] : [systemFault(error as NodeJS.ErrnoException, file)];
  return `Not shown as text: ${lines
    .filter((line) => line !== undefined)
    .map((line) => plain(line))
    .join('\n')}\n`;
}

/** Under git a path is that of a temporary file, which nobody knows. */
function systemFault({ code, message }: NodeJS.ErrnoException, file: string): string {
  const shown = process.env.GIT_PREFIX === undefined ? file : path.basename(file);
  if (code === 'ENOENT' || code === 'ENOTDIR') return `There is no file ${shown}.`;
  if (code === 'EACCES' || code === 'EPERM') return `${shown} can't be read: its permissions don't allow it.`;
  return code === undefined ? message : `${shown} can't be read (${code}).`;
}

async function textOf(file: string): Promise<string> {
  const absolute = path.resolve(file);
  const info = statSync(absolute);
  if (info.isDirectory()) await (await import('../../engine/model/formats/other-model')).refuseOtherModel(absolute);
  if (!info.isFile()) return `Not shown as text: this is ${whatItIs(info)}, not a regular file.\n`;
  return hasModelEnding(absolute)
    ? await modelFileText(absolute, process.env.GIT_PREFIX === undefined ? file : path.basename(file), info.size)
    : await weightFileText(absolute, info.size);
}

/** @param name as the person typed it */
async function modelFileText(file: string, name: string, size: number): Promise<string> {
  if (size > MOST_MODEL_BYTES) return tooLarge(size, MOST_MODEL_BYTES);
  const { formatOfBytes } = await import('../../engine/model/formats/registry');
  const content = await readBytes(file, MOST_MODEL_BYTES);
  const format = formatOfBytes(name, content);
  const { mostBytes } = MODEL_FILES[format.id];
  if (size > mostBytes) return tooLarge(size, mostBytes);
  // Git sets this for what it starts. The weights of that revision are not at hand, and those of another would show changes
  // that nobody made.
  if (process.env.GIT_PREFIX !== undefined) return format.text.ofModel(content, null, name);
  const folder = path.dirname(file);
  const weightFiles = format.weightFiles(content, name);
  const total = weightFiles.reduce((sum, one) => sum + (sizeOf(path.join(folder, one)) ?? 0), 0);
  if (total > MOST_TEXT_WEIGHT_BYTES) return format.text.ofModel(content, null, name);
  const { confinedPath } = await import('../../engine/files/confine');
  const weights = new Map<string, Buffer>();
  for (const one of weightFiles) {
    // A link out of the model's folder counts as missing.
    const real = await confinedPath(folder, one, { root: folder, folders: [] }, 'weights').catch(() => null);
    const bytes =
      real === null ? null : await readBytes(real, MOST_TEXT_WEIGHT_BYTES, { resolved: true }).catch(absent);
    if (bytes) weights.set(one, bytes);
  }
  return format.text.ofModel(content, (one) => weights.get(one) ?? null, name);
}

const tooLarge = (size: number, most: number): string =>
  `Not shown as text: ${size} bytes, at most ${most} are read.\n`;

async function weightFileText(file: string, size: number): Promise<string> {
  if (size > MOST_TEXT_WEIGHT_BYTES) return tooLarge(size, MOST_TEXT_WEIGHT_BYTES);
  const bytes = await readBytes(file, MOST_TEXT_WEIGHT_BYTES);
  const { sniffFile } = await import('../../engine/files/sniff');
  const other = await sniffFile(file);
  if (other?.kind === 'lfs-pointer') return `A Git LFS pointer:\n${bytes.toString('utf8', 0, 512)}`;
  // Models that read a weight file alike: which of them it is of makes no difference.
  const distinct = new Map((await modelsNaming(file, size)).map((model) => [model.place.key, model]));
  const [model] = distinct.values();
  if (model && distinct.size === 1) return model.texts.text(model.content, model.place, bytes, model.file);
  const { otherFileText, unknownWeightsText } = await import('../../engine/model/formats/file-text');
  // Only now: weights of a model may begin with any bytes.
  if (other) return otherFileText(bytes, other);
  return unknownWeightsText(
    bytes,
    distinct.size
      ? 'Several models in the working folder name a file of this name and size.'
      : `No ${MODEL_FORM} in the working folder names a file of this name and size.`,
  );
}

interface Naming {
  file: string;
  content: Uint8Array;
  texts: WeightFileTexts;
  place: WeightPlace;
}

/** Models that name a weight file: the one beside it; under git, or where there is none, those that git tracks. */
async function modelsNaming(file: string, size: number): Promise<Naming[]> {
  const { formatOfBytes } = await import('../../engine/model/formats/registry');
  const named = async (candidates: readonly string[]): Promise<Naming[]> => {
    const found: Naming[] = [];
    for (const candidate of candidates) {
      const one = await naming(candidate, file, size, formatOfBytes);
      if (one) found.push(one);
    }
    return found;
  };
  const folder = path.dirname(file);
  const neighbours = (await readdir(folder)).filter(isOfferedModel).map((name) => path.join(folder, name));
  const beside = await named(neighbours);
  // Under git both sides of a diff must be read in the same way, and only one of them may have its model beside it.
  if (beside.length && process.env.GIT_PREFIX === undefined) return beside;
  const { Repository } = await import('../git');
  const repository = await Repository.of(process.cwd());
  const tracked = repository
    ? (await repository.tracked(repository.root).catch(() => []))
        .filter((name) => looksLikeModel(path.basename(name)))
        .map((name) => path.join(repository.root, name))
    : [];
  return [...beside, ...(await named(tracked.filter((one) => !neighbours.includes(path.resolve(one)))))];
}

/** Where a weight file lies in a model; null where the model does not name it, or is broken. */
async function naming(
  model: string,
  file: string,
  size: number,
  formatOfBytes: (name: string, bytes: Uint8Array) => ModelFormat,
): Promise<Naming | null> {
  const modelSize = sizeOf(model);
  if (modelSize === null || modelSize > MOST_MODEL_BYTES) return null;
  try {
    const content = await readBytes(model, MOST_MODEL_BYTES);
    const texts = formatOfBytes(model, content).text.ofWeightFile;
    if (!texts) return null;
    const sizeBeside = (one: string): number | null => sizeOf(path.join(path.dirname(model), one));
    const place = namesOf(file)
      .map((base) => texts.placeOf(content, model, base, size, sizeBeside))
      .find((found) => found !== null);
    return place ? { file: model, content, texts, place } : null;
  } catch (error) {
    // Another model's fault says nothing about this file.
    if (error instanceof FinePruneError) return null;
    throw error;
  }
}

/** Names that a file may have had: git before 2.37 writes a revision's file as `<random>_<name>`. */
function namesOf(file: string): string[] {
  const base = path.basename(file);
  return [base, ...(/^[A-Za-z0-9]{6}_./.test(base) ? [base.slice(7)] : [])];
}

function sizeOf(file: string): number | null {
  const info = statSync(file, { throwIfNoEntry: false });
  return info?.isFile() ? info.size : null;
}

/** A weight file that can't be read counts as missing. */
function absent(error: unknown): null {
  if (error instanceof ReadFault) return null;
  throw error;
}
