import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { badInput, type FinePruneError } from '../../../../../protocol/errors';
import { contains } from '../../../../files/confine';
import { kindWords } from '../../../../files/kinds';
import { readBytes, ReadFault, readInto, whatItIs } from '../../../../files/read';
import { insideGzip, readHead, sniffFile } from '../../../../files/sniff';
import type { ManifestGroup } from './manifest';
import { lfsPointer } from '../../other-model';

/** Git takes a file for text when its first bytes hold no zero: no large file of weights is like that. */
const MOST_LINES_BYTES = 16 * 2 ** 20;

/** Weight files of a group of the manifest, in the order of `ManifestGroup.paths`. */
export interface FoundShards {
  /** Absolute paths, links followed. */
  readonly files: readonly string[];
  /** In bytes; together they are `ManifestGroup.bytes`. */
  readonly sizes: readonly number[];
}

/** The weight files of a group of the manifest, joined. */
export interface JoinedShards {
  readonly bytes: Uint8Array;
  /** The files, in the order of `ManifestGroup.paths`, and their sizes in bytes. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/**
 * Finds the weight files of a manifest and compares their sizes with the declared shapes. None may lie outside of the model's folder,
 * whatever links say.
 *
 * @param folder absolute folder of model.json
 * @throws FinePruneError `model.shardMissing`, `model.shardPath`, `model.shardTooShort`, `model.shardTooLong`, `model.lfsPointer`,
 *   `model.shardFormat`, `model.lineEndings`
 */
export async function findShards(folder: string, groups: readonly ManifestGroup[]): Promise<FoundShards[]> {
  const root = await realpath(folder);
  const seen = new Set<string>();
  const found: FoundShards[] = [];
  for (const group of groups) {
    const files: string[] = [];
    const sizes: number[] = [];
    for (const shard of group.paths) {
      const { file, size } = await locate(root, shard, group);
      if (seen.has(file))
        throw badInput(
          'model.shardPath',
          `The weights manifest names one file twice: "${shard}" is a link to another shard.`,
          { file, place: `${group.place}/paths`, todo: 'Export the model again.' },
        );
      seen.add(file);
      files.push(file);
      sizes.push(size);
    }
    const total = sizes.reduce((a, b) => a + b, 0);
    if (total !== group.bytes) throw await wrongSize(group, files, total);
    found.push({ files, sizes });
  }
  return found;
}

/** Reads the weight files of a manifest, all of which `findShards` has found before any memory is allocated. */
export async function readShards(
  found: readonly FoundShards[],
  groups: readonly ManifestGroup[],
): Promise<JoinedShards[]> {
  const read: JoinedShards[] = [];
  for (const [i, { files, sizes }] of found.entries()) {
    const manifest = groups[i]!;
    const bytes = new Uint8Array(manifest.bytes);
    let offset = 0;
    for (const [j, file] of files.entries()) {
      await readExactly(file, bytes.subarray(offset, offset + sizes[j]!), manifest);
      offset += sizes[j]!;
    }
    read.push({ bytes, files: manifest.paths.map((shard, j) => ({ path: shard, bytes: sizes[j]! })) });
  }
  return read;
}

async function locate(root: string, shard: string, group: ManifestGroup): Promise<{ file: string; size: number }> {
  const wanted = path.join(root, shard);
  try {
    const file = await realpath(wanted);
    if (!contains(root, file)) {
      throw badInput(
        'model.shardPath',
        `The weights file "${shard}" is a link that points outside the model's folder; weights are read only from there.`,
        {
          file: wanted,
          place: `${group.place}/paths`,
          todo: 'Replace the link with the file itself, if you trust it.',
        },
      );
    }
    const found = await stat(file);
    if (!found.isFile())
      throw badInput(
        'model.shardMissing',
        `The weights file "${shard}" is ${found.isDirectory() ? 'a folder' : whatItIs(found)}, not a regular file.`,
        {
          file: wanted,
          place: `${group.place}/paths`,
          todo: 'Copy the weight files next to model.json.',
        },
      );
    return { file, size: found.size };
  } catch (error) {
    throw unreadable(error, wanted, shard, group);
  }
}

/**
 * Says what lies there instead of weights, where that can be seen, else that the sizes don't fit.
 * @param files paths of the group's shards, links followed
 * @param total their bytes together
 */
async function wrongSize(group: ManifestGroup, files: readonly string[], total: number): Promise<FinePruneError> {
  for (const [i, file] of files.entries()) {
    const other = await otherShard(group.paths[i]!, file, `${group.place}/paths`);
    if (other) return other;
  }
  const names =
    files.length === 1
      ? `The weights file "${group.paths[0]}" has`
      : `The ${files.length} weights files "${group.paths[0]}" … have`;
  const short = total < group.bytes;
  const cut = short ? group.tensors.find((t) => t.offset + t.bytes > total) : undefined;
  const sizes = `${names} ${total} bytes; the declared shapes need ${group.bytes}`;
  const where = { file: files.at(-1)!, place: group.place };
  if (!short && total - group.bytes === (await lineBreaks(files, total))) {
    return badInput(
      'model.lineEndings',
      `${sizes}: git has converted every line feed (LF) in it to CRLF, as if it were text.`,
      {
        ...where,
        todo: 'Add the line `*.bin -text` to .gitattributes, delete the weight files, and get them again with `git checkout`.',
      },
    );
  }
  return badInput(
    short ? 'model.shardTooShort' : 'model.shardTooLong',
    `${sizes}${cut ? ` (cut off in tensor "${cut.name}")` : ''}.`,
    { ...where, todo: 'The file is cut off, or belongs to another model: copy the weight files again.' },
  );
}

async function otherShard(shard: string, file: string, place: string): Promise<FinePruneError | null> {
  const found = await sniffFile(file);
  // Names say nothing about weights, and unsure signs may occur in any bytes.
  if (!found || found.sure !== 'content') return null;
  if (found.kind === 'lfs-pointer') return lfsPointer(file, place);
  const inside = found.kind === 'gzip' ? insideGzip(await readHead(file)) : null;
  const todo =
    found.kind === 'gzip'
      ? 'Unpack it, and replace it with the unpacked file, under the same name.'
      : found.kind === 'html' || found.kind === 'xml'
        ? 'It is most likely the error page of a download: get the file again.'
        : 'Put the weight files of this model next to model.json.';
  return badInput(
    'model.shardFormat',
    `The weights file "${shard}" ${kindWords(found)}${inside ? `, which holds ${inside.what}` : ''}, not raw weights.`,
    { file, place, todo },
  );
}

/** How often a line ends with carriage return and line feed; −1 for files that are too large to be looked through for that. */
async function lineBreaks(files: readonly string[], total: number): Promise<number> {
  if (total > MOST_LINES_BYTES) return -1;
  let count = 0;
  for (const file of files) {
    const bytes = await readBytes(file, MOST_LINES_BYTES, { resolved: true });
    for (let at = bytes.indexOf('\r\n'); at >= 0; at = bytes.indexOf('\r\n', at + 2)) count++;
  }
  return count;
}

/** The size was checked before; a file that changed in between must not go unnoticed. */
async function readExactly(file: string, into: Uint8Array, group: ManifestGroup): Promise<void> {
  try {
    await readInto(file, into, { resolved: true });
  } catch (error) {
    if (!(error instanceof ReadFault)) throw error;
    const shard = path.basename(file);
    if (error.reason === 'changed')
      throw badInput('model.shardTooShort', `The weights file "${shard}" changed while it was read.`, {
        file,
        place: group.place,
        todo: 'Try again when nothing is writing to it.',
      });
    throw badInput('model.shardMissing', `The weights file "${shard}" can't be read. ${error.message}`, {
      file,
      place: `${group.place}/paths`,
      todo: error.todo ?? '',
    });
  }
}

function unreadable(error: unknown, file: string, shard: string, group: ManifestGroup): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || (error instanceof Error && error.name === 'FinePruneError')) return error;
  const missing = code === 'ENOENT' || code === 'ENOTDIR';
  return badInput(
    'model.shardMissing',
    `The weights file "${shard}" ${missing ? 'is missing' : `can't be read (${code})`}.`,
    {
      file,
      place: `${group.place}/paths`,
      todo: missing ? 'Copy the weight files next to model.json.' : 'Check the permissions of the file.',
    },
  );
}
