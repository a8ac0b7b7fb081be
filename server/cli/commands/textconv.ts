import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { plain } from '../../engine/files/plain';
import { FinePruneError } from '../../protocol/errors';
import { MODEL_FILE, looksLikeModel, MOST_MODEL_BYTES } from '../../protocol/files';

/** Weight files beyond this are told by their size alone: a text diff must not take all memory. */
const MAX_WEIGHTS_BYTES = 1 << 30;

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
      process.stdout.write(text);
    });
}

function whyNot(error: unknown, file: string): string {
  const lines =
    error instanceof FinePruneError ? [error.message, error.todo] : [systemFault(error as NodeJS.ErrnoException, file)];
  return `Not shown as text: ${lines
    .filter((line) => line !== undefined)
    .map(plain)
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
  if (!info.isFile()) return 'Not shown as text: not a regular file.\n';
  return path.extname(absolute) === '.json'
    ? await modelFileText(
        absolute,
        process.env.GIT_PREFIX === undefined ? file : path.basename(file),
        info.size,
        MOST_MODEL_BYTES,
      )
    : await weightFileText(absolute, info.size, MOST_MODEL_BYTES);
}

/** @param name as the person typed it */
async function modelFileText(file: string, name: string, size: number, most: number): Promise<string> {
  if (size > most) return `Not shown as text: ${size} bytes, at most ${most} are read.\n`;
  const { modelText, shardPaths } = await import('../../engine/model/formats/tfjs-layers/text-summary');
  const json = await readFile(file);
  // Git sets this for what it starts. The weights of that revision are not at hand, and those of another would show changes
  // that nobody made.
  if (process.env.GIT_PREFIX !== undefined) return modelText(json, null, name);
  const folder = path.dirname(file);
  const sizes = shardPaths(json, name).map((shard) => sizeOf(path.join(folder, shard)) ?? 0);
  if (sizes.reduce((a, b) => a + b, 0) > MAX_WEIGHTS_BYTES) return modelText(json, null, name);
  const { confinedPath } = await import('../../engine/files/confine');
  const shards = new Map<string, Buffer>();
  for (const shard of shardPaths(json, name)) {
    // A link out of the model's folder counts as missing.
    const real = await confinedPath(folder, shard, { root: folder, folders: [] }, 'weights').catch(() => null);
    if (real !== null && sizeOf(real) !== null) shards.set(shard, readFileSync(real));
  }
  return modelText(json, (shard) => shards.get(shard) ?? null, name);
}

async function weightFileText(file: string, size: number, mostJson: number): Promise<string> {
  if (size > MAX_WEIGHTS_BYTES) return `Not shown as text: ${size} bytes, at most ${MAX_WEIGHTS_BYTES} are read.\n`;
  const bytes = readWhole(file, size);
  const { sniffFile } = await import('../../engine/files/sniff');
  const other = await sniffFile(file);
  if (other?.kind === 'lfs-pointer') return `A Git LFS pointer:\n${bytes.toString('utf8', 0, 512)}`;
  const summary = await import('../../engine/model/formats/tfjs-layers/text-summary');
  const fitting = await modelsNaming(file, size, mostJson, summary.placeOfShard);
  // Models with equal manifests read a weight file alike: which of them it is of makes no difference.
  const distinct = new Map(
    fitting.map((model) => [summary.manifestKey(model.json, model.file) + JSON.stringify(model.place), model]),
  );
  const [model] = distinct.values();
  if (model && distinct.size === 1) return summary.weightsText(model.json, { ...model.place, bytes }, model.file);
  // Only now: weights of a model may begin with any bytes.
  if (other) return summary.otherFileText(bytes, other);
  return summary.unknownWeightsText(
    bytes,
    distinct.size
      ? 'Several models in the working folder name a file of this name and size.'
      : 'No model.json in the working folder names a file of this name and size.',
  );
}

interface Naming {
  file: string;
  json: Uint8Array;
  place: { group: number; offset: number };
}

/** Models that name a weight file: the one beside it; under git, or where there is none, those that git tracks. */
async function modelsNaming(
  file: string,
  size: number,
  mostJson: number,
  placeOf: typeof import('../../engine/model/formats/tfjs-layers/text-summary').placeOfShard,
): Promise<Naming[]> {
  const named = async (candidates: readonly string[]): Promise<Naming[]> => {
    const found: Naming[] = [];
    for (const candidate of candidates) {
      const jsonSize = sizeOf(candidate);
      if (jsonSize === null || jsonSize > mostJson) continue;
      try {
        const json = await readFile(candidate);
        const bases = namesOf(file);
        const place = bases
          .map((base) =>
            placeOf(json, candidate, base, size, (shard) => sizeOf(path.join(path.dirname(candidate), shard))),
          )
          .find((p) => p !== null);
        if (place) found.push({ file: candidate, json, place });
      } catch (error) {
        // Another model's fault says nothing about this file.
        if (!(error instanceof FinePruneError)) throw error;
      }
    }
    return found;
  };
  const beside = await named([path.join(path.dirname(file), MODEL_FILE)]);
  // Under git both sides of a diff must be read in the same way, and only one of them may have its model beside it.
  if (beside.length && process.env.GIT_PREFIX === undefined) return beside;
  const { Repository } = await import('../git');
  const repository = await Repository.of(process.cwd());
  const tracked = repository
    ? (await repository.tracked(repository.root).catch(() => []))
        .filter((name) => looksLikeModel(path.basename(name)))
        .map((name) => path.join(repository.root, name))
    : [];
  return [
    ...beside,
    ...(await named(tracked.filter((one) => path.resolve(one) !== path.join(path.dirname(file), MODEL_FILE)))),
  ];
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

/** No more than the size that was checked, even if the file grows meanwhile. */
function readWhole(file: string, size: number): Buffer {
  const handle = openSync(file, 'r');
  try {
    return fstatSync(handle).size === size ? readFileSync(handle) : Buffer.alloc(0);
  } finally {
    closeSync(handle);
  }
}
