import { constants, gunzipSync } from 'node:zlib';
import { badInput, type FinePruneError } from '../../../../protocol/errors';
import { kindOfBytes } from '../../../files/file-kind';
import { kindWords, type FileKind } from '../../../files/kinds';
import { damagedGzip, trailingBytes, truncated, truncatedGzip, wrongMagic } from './faults';

/** What an IDX file begins with: MNIST's format (LeCun, Cortes, Burges), big-endian arrays of 1 to 4 dimensions. */
export interface IdxHeader {
  /** Element type as the format numbers it: 0x08 ubyte, 0x09 byte, 0x0b short, 0x0c int, 0x0d float, 0x0e double. */
  readonly type: number;
  readonly dims: readonly number[];
  /** Bytes of the header, and of the whole file that it declares. */
  readonly length: number;
  readonly total: number;
}

/** Largest file, and largest declared array, that is read: 2 GiB less one byte. */
export const MAX_BYTES = 2 ** 31 - 1;
const MAX_RANK = 4;
/** Deflate can't do better than 1032 : 1, so a header that declares more is a lie. */
const MAX_DEFLATE_RATIO = 1032;
/** Enough compressed bytes for any header; inflates to at most 4 MB. */
const HEADER_PIECE = 4096;

const ELEMENT_BYTES: Record<number, number> = { 0x08: 1, 0x09: 1, 0x0b: 2, 0x0c: 4, 0x0d: 4, 0x0e: 8 };

/** Whether bytes are gzip: by what they are, not by a name. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The header of an IDX file, plain or gzip, compared with the size of the file.
 *
 * @param bytes the file's first ones, at least `HEAD_BYTES` or all
 * @param size bytes of the whole file as it is on the disk
 * @param what what the file is meant to hold, for messages, such as `test images`
 * @throws FinePruneError `data.…`, one code for each thing that can be wrong
 */
export function readHeader(bytes: Buffer, size: number, file: string, what: string): IdxHeader {
  if (!isGzip(bytes)) {
    const header = parseHeader(bytes, file, what);
    if (size < header.total) throw truncated(file, what, header, size);
    if (size > header.total) throw trailingBytes(file, what, header, size);
    return header;
  }
  const start = inflateStart(bytes, file, what);
  refuseKind(kindOfBytes(start), file, `${what}, unpacked,`);
  const header = parseHeader(start, file, what);
  if (header.total > (size + 1) * MAX_DEFLATE_RATIO) throw truncatedGzip(file, what, header);
  return header;
}

/**
 * Refuses data that are of another kind than IDX, plain or gzip.
 * @throws FinePruneError `data.lfsPointer`, `data.wrongMagic`
 */
export function refuseKind(found: FileKind | null, file: string, what: string): void {
  // A name alone says nothing against content that may well be IDX.
  if (!found || found.sure === 'name' || found.kind === 'idx' || found.kind === 'gzip') return;
  if (found.kind === 'lfs-pointer') {
    throw badInput(
      'data.lfsPointer',
      `The file of the ${what} is a Git LFS pointer: the data itself was not fetched.`,
      {
        file,
        todo: 'Run `git lfs pull` in that repository.',
      },
    );
  }
  throw wrongMagic(
    file,
    what,
    `it ${kindWords(found)}${found.kind === 'html' || found.kind === 'xml' ? ' (a download that failed?)' : ''}`,
  );
}

function parseHeader(bytes: Uint8Array, file: string, what: string): IdxHeader {
  const rank = bytes[3] ?? 0;
  const type = bytes[2] ?? 0;
  const elementBytes = ELEMENT_BYTES[type];
  const length = 4 + 4 * rank;
  if (
    bytes.length >= 4 &&
    (bytes[0] !== 0 || bytes[1] !== 0 || elementBytes === undefined || rank < 1 || rank > MAX_RANK)
  ) {
    throw wrongMagic(file, what, `it begins with ${Buffer.from(bytes.subarray(0, 4)).toString('hex')}`);
  }
  if (bytes.length < 4 || bytes.length < length || elementBytes === undefined) {
    throw badInput('data.truncated', `The file of the ${what} ends within its header.`, {
      file,
      place: `byte ${bytes.length}`,
      todo: 'Get it again.',
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const dims = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // At most 2^130 before the check: far from infinity, and exact enough to see that it is too large.
  const total = length + dims.reduce((product, size) => product * size, elementBytes);
  if (total > MAX_BYTES) throw tooLarge(file, what, total, dims);
  return { type, dims, length, total };
}

/** The first bytes of what a gzip file holds; fewer than asked when it ends early. */
function inflateStart(bytes: Buffer, file: string, what: string): Uint8Array {
  try {
    return gunzipSync(bytes.subarray(0, HEADER_PIECE), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw damagedGzip(file, what, error);
  }
}

export function tooLarge(file: string, what: string, total: number, dims?: number[]): FinePruneError {
  return badInput(
    'data.tooLarge',
    `The file of the ${what} ${dims ? `declares ${dims.join('×')} elements, ` : 'has '}${total} bytes; at most ${MAX_BYTES} are read.`,
    {
      file,
      place: dims ? 'byte 4' : undefined,
      todo: 'Use a smaller data set.',
    },
  );
}
