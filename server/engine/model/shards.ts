import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { badInput, type FinePruneError } from '../../protocol/errors';
import { contains } from '../files/confine';
import type { ManifestGroup } from './manifest';
import type { SourceGroup } from './model';
import { isLfsPointer, lfsPointer } from './model-json';

/**
 * Reads the weight files of a manifest. The sizes of all files are compared with the declared shapes before any memory is
 * allocated, and no file outside of the model's folder is opened, whatever links say.
 *
 * @param folder absolute folder of model.json
 * @throws FinePruneError `model.shardMissing`, `model.shardPath`, `model.shardTooShort`, `model.shardTooLong`, `model.lfsPointer`
 */
export async function readShards(folder: string, groups: readonly ManifestGroup[]): Promise<SourceGroup[]> {
  const root = await realpath(folder);
  const seen = new Set<string>();
  const sized: { files: string[]; sizes: number[] }[] = [];
  for (const group of groups) {
    const files: string[] = [];
    const sizes: number[] = [];
    for (const shard of group.paths) {
      const { file, size } = await locate(root, shard, group);
      if (seen.has(file)) throw badInput('model.shardPath', `The weights manifest names one file twice: "${shard}" is a link to another shard.`, { file, place: `${group.place}/paths`, todo: 'Export the model again.' });
      seen.add(file);
      files.push(file);
      sizes.push(size);
    }
    const total = sizes.reduce((a, b) => a + b, 0);
    if (total !== group.bytes) throw await wrongSize(group, files, total);
    sized.push({ files, sizes });
  }
  const read: SourceGroup[] = [];
  for (const [i, { files, sizes }] of sized.entries()) {
    const manifest = groups[i]!;
    const bytes = new Uint8Array(manifest.bytes);
    let offset = 0;
    for (const [j, file] of files.entries()) {
      await readExactly(file, bytes.subarray(offset, offset + sizes[j]!), manifest);
      offset += sizes[j]!;
    }
    read.push({ manifest, bytes, shardSizes: sizes });
  }
  return read;
}

async function locate(root: string, shard: string, group: ManifestGroup): Promise<{ file: string; size: number }> {
  const wanted = path.join(root, shard);
  try {
    const file = await realpath(wanted);
    if (!contains(root, file)) {
      throw badInput('model.shardPath', `The weights file "${shard}" is a link that leads out of the model's folder; weights are read only from there.`, { file: wanted, place: `${group.place}/paths`, todo: 'Put the file itself in the place of the link, if you trust it.' });
    }
    const found = await stat(file);
    if (!found.isFile()) throw badInput('model.shardMissing', `The weights file "${shard}" is no ordinary file.`, { file: wanted, place: `${group.place}/paths`, todo: 'Copy the weight files next to model.json.' });
    return { file, size: found.size };
  } catch (error) {
    throw unreadable(error, wanted, shard, group);
  }
}

async function wrongSize(group: ManifestGroup, files: readonly string[], total: number): Promise<FinePruneError> {
  for (const file of files) {
    const start = new Uint8Array(64);
    const handle = await open(file, constants.O_RDONLY);
    await handle.read(start, 0, start.length, 0).finally(() => handle.close());
    if (isLfsPointer(Buffer.from(start).toString('latin1'))) return lfsPointer(file, `${group.place}/paths`);
  }
  const names = files.length === 1 ? `The weights file "${group.paths[0]}" has` : `The ${files.length} weights files "${group.paths[0]}" … have`;
  const short = total < group.bytes;
  const cut = short ? group.tensors.find((t) => t.offset + t.bytes > total) : undefined;
  return badInput(short ? 'model.shardTooShort' : 'model.shardTooLong', `${names} ${total} bytes; the declared shapes need ${group.bytes}${cut ? ` (cut off in tensor "${cut.name}")` : ''}.`, {
    file: files.at(-1),
    place: group.place,
    todo: 'The file is cut off, or belongs to another model: copy the weight files again.',
  });
}

/** The size was checked before; a file that changed in between must not go unnoticed. */
async function readExactly(file: string, into: Uint8Array, group: ManifestGroup): Promise<void> {
  try {
    const handle = await open(file, constants.O_RDONLY);
    try {
      for (let done = 0; done < into.length; ) {
        const { bytesRead } = await handle.read(into, done, into.length - done, done);
        if (bytesRead === 0) throw badInput('model.shardTooShort', `The weights file "${path.basename(file)}" became shorter while it was read.`, { file, place: group.place, todo: 'Try again when nothing writes to it.' });
        done += bytesRead;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(error, file, path.basename(file), group);
  }
}

function unreadable(error: unknown, file: string, shard: string, group: ManifestGroup): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || error instanceof Error && error.name === 'FinePruneError') return error;
  const missing = code === 'ENOENT' || code === 'ENOTDIR';
  return badInput('model.shardMissing', `The weights file "${shard}" ${missing ? 'is missing' : `can't be read (${code})`}.`, {
    file,
    place: `${group.place}/paths`,
    todo: missing ? 'Copy the weight files next to model.json.' : 'Check the permissions of the file.',
  });
}
