import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { lfsObject, MOST_POINTER_BYTES, type LfsObject } from './lfs-pointer';
import { readPieces, readStart } from './read';

/** Bytes of a file that is hashed at most: no reader takes a longer one. */
export const MOST_HASHED_BYTES = 2 ** 32;

/**
 * SHA-256 of a file's bytes, as 64 hexadecimal digits. Read in pieces: a file may be larger than the memory.
 * @throws ReadFault
 */
export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  await readPieces(file, MOST_HASHED_BYTES, (piece) => void hash.update(piece));
  return hash.digest('hex');
}

/** What a Git LFS pointer in a file's place stands for; null where the file itself is there, or no file. */
export async function lfsObjectAt(file: string): Promise<LfsObject | null> {
  const start = await readStart(file, MOST_POINTER_BYTES).catch(() => null);
  return start && start.size <= MOST_POINTER_BYTES ? lfsObject(start.bytes.toString('utf8')) : null;
}

/** SHA-256 of a file's content. Of a Git LFS pointer, that of the content that it stands for: git has the file, it is only not fetched. */
export async function contentSha256(file: string): Promise<string> {
  return (await lfsObjectAt(file))?.sha256 ?? (await sha256OfFile(file));
}

/** SHA-256 of bytes, or of a text's UTF-8 bytes, as 64 hexadecimal digits. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * JSON in canonical form (RFC 8785: sorted keys, no white space), so that equal values have equal hashes.
 *
 * @throws Error for what JSON can't say: NaN, infinities, undefined
 */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new Error('this value has no JSON form');
  return text;
}
