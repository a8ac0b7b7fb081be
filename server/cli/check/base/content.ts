import { createHash } from 'node:crypto';
import { contentSha256, lfsObjectAt, MOST_HASHED_BYTES, sha256 } from '../../../engine/files/hash';
import { lfsObject, MOST_POINTER_BYTES } from '../../../engine/files/lfs-pointer';
import { piecesOf, ReadFault, withFile } from '../../../engine/files/read';
import type { CheckContext } from '../context';

/** Data of the base are read up to this size, to compare them with what a Git LFS pointer here stands for. */
const MOST_DATA_BYTES = 512 << 20;

/**
 * Whether a file of the working folder has another content than at the base revision; null when the base does not have it.
 * A Git LFS pointer, here or at the base, is compared by the hash that it names.
 * @param file absolute, links followed
 * @param inside path from the repository's root by which the base has it; left out: where it lies
 */
export async function changedSince(
  file: string,
  { base, repository }: Pick<CheckContext, 'base' | 'repository'>,
  inside?: string,
): Promise<boolean | null> {
  const id = repository && base?.files.get(inside ?? repository.relative(file));
  if (!repository || !id) return null;
  const now = await blobId(file, id.length);
  if (now === null) return true;
  if (now === id) return false;
  const there = await repository.read(id, MOST_POINTER_BYTES).then(
    (bytes) => lfsObject(bytes.toString('utf8')),
    () => null,
  );
  if (there) return there.sha256 !== (await contentSha256(file));
  const here = await lfsObjectAt(file);
  return here === null || here.sha256 !== (await repository.read(id, MOST_DATA_BYTES).then(sha256, () => null));
}

/**
 * Object id of a file's content as git computes it: SHA-1, or SHA-256 in repositories with ids of 64 digits. Null for what is no file that
 * can be read.
 */
async function blobId(file: string, digits: number): Promise<string | null> {
  try {
    return await withFile(file, async (opened) => {
      if (opened.size > MOST_HASHED_BYTES) return null;
      const hash = createHash(digits === 64 ? 'sha256' : 'sha1').update(`blob ${opened.size}\0`);
      for await (const piece of piecesOf(opened, file)) hash.update(piece);
      return hash.digest('hex');
    });
  } catch (error) {
    if (error instanceof ReadFault) return null;
    throw error;
  }
}
