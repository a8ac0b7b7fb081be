import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { contentSha256, lfsObjectAt, sha256 } from '../../../engine/files/hash';
import { lfsObject, MOST_POINTER_BYTES } from '../../../engine/files/lfs-pointer';
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
  const info = await stat(file).catch(() => null);
  if (!info?.isFile()) return true;
  if ((await blobId(file, info.size, id.length)) === id) return false;
  const there = await repository.read(id, MOST_POINTER_BYTES).then(
    (bytes) => lfsObject(bytes.toString('utf8')),
    () => null,
  );
  if (there) return there.sha256 !== (await contentSha256(file));
  const here = await lfsObjectAt(file);
  return here === null || here.sha256 !== (await repository.read(id, MOST_DATA_BYTES).then(sha256, () => null));
}

/** Object id of a file's content as git computes it: SHA-1, or SHA-256 in repositories with ids of 64 digits. */
async function blobId(file: string, size: number, digits: number): Promise<string> {
  const hash = createHash(digits === 64 ? 'sha256' : 'sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
