import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, readFile, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { badInput } from '../../../../protocol/errors';
import { contains } from '../../../files/confine';
import { outputFailure, writeFileAtomically } from '../../../files/write';
import { parseManifest } from './manifest';
import type { OpenModel } from '../../model';
import { weightsHash } from './model-hashes';
import { parseModelJson } from './model-json';
import { variableOf } from '../../net';
import { MOST_MODEL_BYTES } from './limits';
import { MODEL_FILE } from '../../../../protocol/files';

/** Files that file managers leave in any folder. */
const STRAY = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini']);

/**
 * Writes the model as it is now: model.json byte for byte as it was read, the same shard names, other weight bytes. The folder
 * appears whole or not at all; an older saved model in its place is replaced, anything else there is never touched.
 *
 * @param outFolder folder that gets `model.json` and the shards
 * @returns absolute path of model.json, and the hashes of the model as written (see `OpenModel.hashes`)
 * @throws FinePruneError of kind `input`, code `output.…`
 */
export async function saveModel(
  model: OpenModel,
  outFolder: string,
): Promise<{ path: string; topology: string; weights: string }> {
  const target = await checkSaveFolder(model, outFolder);
  const bytes = encodeWeights(model);
  const files = filesOf(model, bytes);
  try {
    await replaceFolder(target, files);
  } catch (error) {
    throw outputFailure(error, target);
  }
  return { path: path.join(target, MODEL_FILE), topology: model.hashes.topology, weights: weightsHash(bytes) };
}

/**
 * Whether `saveModel` would take this folder, asked before the long work that is to be saved there.
 *
 * @returns the folder that is meant, links followed
 * @throws FinePruneError of kind `input`, code `output.…`
 */
export async function checkSaveFolder(model: OpenModel, outFolder: string): Promise<string> {
  const target = await realTarget(path.resolve(outFolder));
  await refuseOwnFolder(model, target);
  await refuseOthersFolder(
    target,
    new Set([MODEL_FILE, ...model.source.groups.flatMap(({ manifest }) => manifest.paths)]),
  );
  return target;
}

/**
 * Writes a model as it is now into a folder that may hold other things (data, a config, a card): each file is replaced as a
 * whole, model.json last.
 *
 * @returns as `saveModel`
 * @throws FinePruneError of kind `input`, code `output.…`
 */
export async function saveModelBeside(
  model: OpenModel,
  folder: string,
): Promise<{ path: string; topology: string; weights: string }> {
  const bytes = encodeWeights(model);
  const file = path.join(path.resolve(folder), MODEL_FILE);
  for (const [name, content] of filesOf(model, bytes))
    if (name !== MODEL_FILE) await writeFileAtomically(path.join(path.dirname(file), name), content);
  await writeFileAtomically(file, model.source.json);
  return { path: file, topology: model.hashes.topology, weights: weightsHash(bytes) };
}

/** What a saved model consists of, by name: model.json and every shard. */
function filesOf(model: OpenModel, bytes: readonly Uint8Array[]): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>([[MODEL_FILE, model.source.json]]);
  model.source.groups.forEach(({ manifest, shardSizes }, g) => {
    let offset = 0;
    manifest.paths.forEach((shard, i) => {
      files.set(shard, bytes[g]!.subarray(offset, offset + shardSizes[i]!));
      offset += shardSizes[i]!;
    });
  });
  return files;
}

/** Bytes of each group: the network's weights at their places, all other tensors as they were read. */
export function encodeWeights(model: OpenModel): Uint8Array[] {
  const bytes = model.source.groups.map((g) => g.bytes.slice());
  for (const { layer, spec, group, tensor } of model.source.weights) {
    const values = variableOf(model.net, model.graph.byName.get(layer)!, spec.name).dataSync();
    const view = new DataView(bytes[group]!.buffer, tensor.offset, tensor.bytes);
    for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i]!, true);
  }
  return bytes;
}

/** The place that is meant, where a folder is a link to another one. */
async function realTarget(folder: string): Promise<string> {
  return realpath(folder).catch(async () =>
    path.join(await realpath(path.dirname(folder)).catch(() => path.dirname(folder)), path.basename(folder)),
  );
}

/** The input must survive: its folder is not replaced, nor one that it lies in. */
async function refuseOwnFolder(model: OpenModel, target: string): Promise<void> {
  if (model.path === '') return;
  const own = await realpath(path.dirname(model.path)).catch(() => path.dirname(model.path));
  if (contains(target, own)) {
    throw badInput('output.inputFolder', 'The output folder holds the input model, which is never overwritten.', {
      file: target,
      todo: 'Choose another output folder.',
    });
  }
}

/** Only an empty folder or one with nothing but a saved model in it may be replaced. */
async function refuseOthersFolder(target: string, files: ReadonlySet<string>): Promise<void> {
  const found = await lstat(target).catch(() => null);
  if (!found) return;
  if (!found.isDirectory()) {
    throw badInput(
      'output.fileInTheWay',
      `${path.basename(target)} can't be written: there is a file where its folder should be.`,
      { file: target, todo: 'Move that file away, or choose another output folder.' },
    );
  }
  const entries = await readdir(target, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw outputFailure(error, target);
  });
  const parts = new Set([...files, ...(await shardsOf(path.join(target, MODEL_FILE)))]);
  const folders = new Set([...parts].flatMap((f) => parents(f)));
  for (const entry of entries) {
    const name = path.relative(target, path.join(entry.parentPath, entry.name)).split(path.sep).join('/');
    const ours = entry.isDirectory() ? folders.has(name) : parts.has(name) || STRAY.has(entry.name);
    if (!ours) {
      throw badInput(
        'output.foreignFiles',
        `The output folder holds "${name}", which is not part of a saved model; the whole folder would be replaced.`,
        { file: target, todo: 'Move that file away, or choose another output folder.' },
      );
    }
  }
}

/** Shards of the saved model that is to be replaced; none when there is no readable one. */
async function shardsOf(file: string): Promise<string[]> {
  try {
    if ((await lstat(file)).size > MOST_MODEL_BYTES) return [];
    return parseManifest(parseModelJson(await readFile(file, 'utf8'), file)).flatMap((group) => group.paths);
  } catch {
    return [];
  }
}

/** `a/b/c.bin` → `a`, `a/b`. */
function parents(file: string): string[] {
  const parts = file.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

/** Writes all files into a new folder beside the target, then lets it take the target's place. */
async function replaceFolder(target: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const unique = randomBytes(6).toString('hex');
  const beside = (word: string) => path.join(path.dirname(target), `.${path.basename(target)}.${word}-${unique}`);
  const [fresh, old] = [beside('new'), beside('old')];
  try {
    await mkdir(fresh, { recursive: true });
    for (const [name, bytes] of files) {
      const file = path.join(fresh, name);
      await mkdir(path.dirname(file), { recursive: true });
      const handle = await open(file, 'wx');
      try {
        await handle.writeFile(bytes);
        // On disk before the rename: a crash must not leave a whole folder of empty files.
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
    await swap(fresh, target, old);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

async function swap(fresh: string, target: string, old: string): Promise<void> {
  const replaced = await rename(target, old).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  try {
    await rename(fresh, target);
  } catch (error) {
    if (replaced) await rename(old, target);
    throw error;
  }
}
