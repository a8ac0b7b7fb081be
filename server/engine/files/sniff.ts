import { stat } from 'node:fs/promises';
import path from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import * as yauzl from 'yauzl';
import { HEAD_BYTES, kindOfBytes } from './file-kind';
import { fileKind, type FileKind } from './kinds';
import { readStart, withFile } from './read';

/** Names of a zip archive that are looked at: PyTorch lists a model's tensors before what tells that it is one. */
const MOST_ENTRIES = 1024;
/** Compressed bytes that are unpacked to see what a gzip file holds. */
const GZIP_PIECE = 4096;

/**
 * What a file or folder is, by its first bytes, a zip archive's list of names, and its name. Reads no more than that; never rejects.
 * @returns null for what can't be read, is empty, or is none of the kinds that are known
 */
export async function sniffFile(file: string): Promise<FileKind | null> {
  try {
    const found = await stat(file);
    if (found.isDirectory()) return await kindOfFolder(file);
    if (!found.isFile() || found.size === 0) return null;
    const head = await readHead(file);
    const entries = head.toString('latin1', 0, 2) === 'PK' ? await zipEntries(file) : undefined;
    const kind = kindOfBytes(head, { name: path.basename(file), size: found.size, ...(entries && { entries }) });
    return kind?.kind === 'saved-model' ? ((await kindOfFolder(path.dirname(file))) ?? kind) : kind;
  } catch {
    return null;
  }
}

/** What a gzip file holds, from its first bytes. */
export function insideGzip(head: Uint8Array): FileKind | null {
  try {
    return kindOfBytes(gunzipSync(head.subarray(0, GZIP_PIECE), { finishFlush: constants.Z_SYNC_FLUSH }));
  } catch {
    return null;
  }
}

/**
 * The first `HEAD_BYTES` bytes of a file.
 * @throws ReadFault
 */
export async function readHead(file: string): Promise<Buffer> {
  return (await readStart(file, HEAD_BYTES)).bytes;
}

async function kindOfFolder(folder: string): Promise<FileKind | null> {
  const holds = (name: string): Promise<boolean> =>
    stat(path.join(folder, name)).then(
      (found) => found.isFile(),
      () => false,
    );
  if (await holds('saved_model.pb'))
    return fileKind((await holds('keras_metadata.pb')) ? 'keras-saved-model' : 'saved-model');
  return folder.endsWith('.mlpackage') ? fileKind('coreml') : null;
}

/** Names from a zip archive's central directory; as many as could be read of a damaged one. */
async function zipEntries(file: string): Promise<string[] | undefined> {
  const names: string[] = [];
  try {
    await withFile(file, async ({ handle }) => {
      const zip = await yauzl.fromFdPromise(handle.fd, { lazyEntries: true, autoClose: false });
      for await (const { fileName } of zip.eachEntry()) {
        names.push(fileName);
        if (names.length === MOST_ENTRIES) break;
      }
    });
  } catch {
    // Cut off or damaged: what its first bytes say has to do.
    return names.length > 0 ? names : undefined;
  }
  return names;
}
