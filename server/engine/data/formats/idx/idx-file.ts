import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { constants, gunzip, gunzipSync } from 'node:zlib';
import { badInput, type FinePruneError } from '../../../../protocol/errors';
import { kindOfBytes } from '../../../files/file-kind';
import { kindWords, type FileKind } from '../../../files/kinds';
import { sniffFile } from '../../../files/sniff';

/** One IDX file: a big-endian array of 1 to 4 dimensions (the format of MNIST; LeCun, Cortes, Burges). */
export interface IdxFile {
  /** Element type as the format numbers it: 0x08 ubyte, 0x09 byte, 0x0b short, 0x0c int, 0x0d float, 0x0e double. */
  readonly type: number;
  readonly dims: readonly number[];
  /** The elements, big-endian, exactly as many bytes as type and dimensions say. */
  readonly body: Uint8Array;
  /** SHA-256 of the file as it lies on disk, compressed or not. */
  readonly sha256: string;
}

/** Largest file, and largest declared array, that is read: 2 GiB less one byte. */
export const MAX_BYTES = 2 ** 31 - 1;
const MAX_RANK = 4;
const CHUNK = 1 << 22;
/** Deflate can't do better than 1032 : 1, so a header that declares more is a lie. */
const MAX_DEFLATE_RATIO = 1032;
/** Enough compressed bytes for any header; inflates to at most 4 MB. */
const HEADER_PIECE = 4096;

const ELEMENT_BYTES: Record<number, number> = { 0x08: 1, 0x09: 1, 0x0b: 2, 0x0c: 4, 0x0d: 4, 0x0e: 8 };
const inflate = promisify(gunzip) as (bytes: Uint8Array, options: object) => Promise<Buffer>;

/**
 * Reads an IDX file, plain or gzip (told by its first bytes, not its name).
 *
 * The header is checked before anything of the size it declares is allocated, and a compressed file is inflated to no more
 * than that size.
 *
 * @param what what the file is meant to hold, for messages, such as `test images`
 * @throws FinePruneError `data.…`, one code for each thing that can be wrong with the file
 */
export async function readIdxFile(file: string, what: string): Promise<IdxFile> {
  refuseKind(await sniffFile(file), file, what);
  const { bytes, sha256 } = await readHashed(file, what);
  if (!isGzip(bytes)) {
    const header = parseHeader(bytes, file, what);
    const { total } = header;
    if (bytes.length < total) throw truncated(file, what, header, bytes.length);
    if (bytes.length > total) {
      throw badInput(
        'data.trailingBytes',
        `The file of the ${what} is longer than its header says: ${declares(header)}, but it has ${bytes.length}.`,
        {
          file,
          place: `byte ${total}`,
          todo: 'Use the original file: this one was changed, or has another format.',
        },
      );
    }
    return { type: header.type, dims: header.dims, body: bytes.subarray(header.length), sha256 };
  }
  const start = inflateStart(bytes, file, what);
  refuseKind(kindOfBytes(start), file, `${what}, unpacked,`);
  const header = parseHeader(start, file, what);
  if (header.total > (bytes.length + 1) * MAX_DEFLATE_RATIO) throw truncatedGzip(file, what, header);
  const body = await inflateWhole(bytes, header, file, what);
  return { type: header.type, dims: header.dims, body, sha256 };
}

interface Header {
  type: number;
  dims: number[];
  /** Bytes of the header, and of the whole file that it declares. */
  length: number;
  total: number;
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Reads in pieces, hashing on the way, without blocking the process for the length of the file. */
async function readHashed(file: string, what: string): Promise<{ bytes: Buffer; sha256: string }> {
  try {
    const info = await stat(file);
    // Before it is opened: opening a pipe would wait for ever.
    if (!info.isFile()) {
      throw badInput(
        'data.notAFile',
        `The path of the ${what} is a ${info.isDirectory() ? 'folder' : 'device or pipe'}, not a file.`,
        {
          file,
          todo: 'Name the file itself.',
        },
      );
    }
    if (info.size === 0)
      throw badInput('data.empty', `The file of the ${what} is empty (0 bytes).`, {
        file,
        todo: 'Copy or download it again.',
      });
    if (info.size > MAX_BYTES) throw tooLarge(file, what, info.size);
    const handle = await open(file, 'r');
    try {
      const bytes = Buffer.allocUnsafe(info.size);
      const hash = createHash('sha256');
      let read = 0;
      while (read < bytes.length) {
        const { bytesRead } = await handle.read(bytes, read, Math.min(CHUNK, bytes.length - read), read);
        if (bytesRead === 0) break;
        hash.update(bytes.subarray(read, read + bytesRead));
        read += bytesRead;
      }
      return { bytes: bytes.subarray(0, read), sha256: hash.digest('hex') };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw badInput('data.missing', `The file of the ${what} does not exist: ${path.basename(file)}.`, {
        file,
        todo: 'Correct the path in the config, or put the file there.',
      });
    }
    if (typeof (error as NodeJS.ErrnoException).errno === 'number') {
      throw badInput('data.unreadable', `The file of the ${what} can't be read (${code}).`, {
        file,
        todo: 'Check its permissions and the disk.',
      });
    }
    throw error;
  }
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

function parseHeader(bytes: Uint8Array, file: string, what: string): Header {
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

async function inflateWhole(bytes: Buffer, header: Header, file: string, what: string): Promise<Uint8Array> {
  let content: Buffer;
  try {
    // One piece of output that is just large enough saves zlib from joining copies.
    content = await inflate(bytes, { maxOutputLength: header.total + 1, chunkSize: Math.max(64, header.total + 1) });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw gzipTooLong(file, what, header);
    if (code === 'Z_BUF_ERROR') throw truncatedGzip(file, what, header);
    throw damagedGzip(file, what, error);
  }
  if (content.length > header.total) throw gzipTooLong(file, what, header);
  if (content.length < header.total) throw truncated(file, what, header, content.length);
  return content.subarray(header.length);
}

const declares = ({ dims, total }: Header): string => `${dims.join('×')} elements make ${total} bytes`;

function wrongMagic(file: string, what: string, reason: string): FinePruneError {
  return badInput('data.wrongMagic', `The file of the ${what} is not in IDX format: ${reason}.`, {
    file,
    place: 'byte 0',
    todo: "Name an IDX file such as MNIST's, plain or gzip: images begin with 00000803, labels with 00000801.",
  });
}

function truncated(file: string, what: string, header: Header, length: number): FinePruneError {
  return badInput(
    'data.truncated',
    `The file of the ${what} ends too early: ${declares(header)}, but it has ${length}.`,
    {
      file,
      place: `byte ${length}`,
      todo: 'Get it again: it was not copied or downloaded to its end.',
    },
  );
}

function truncatedGzip(file: string, what: string, header: Header): FinePruneError {
  return badInput(
    'data.truncatedGzip',
    `The gzip file of the ${what} ends too early: ${declares(header)}, which it does not contain.`,
    {
      file,
      todo: 'Get it again: it was not copied or downloaded to its end.',
    },
  );
}

function damagedGzip(file: string, what: string, cause: unknown): FinePruneError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return badInput('data.damagedGzip', `The gzip file of the ${what} is damaged (${reason}).`, {
    file,
    todo: 'Get it again.',
  });
}

function gzipTooLong(file: string, what: string, header: Header): FinePruneError {
  return badInput(
    'data.gzipTooLong',
    `The gzip file of the ${what} contains more than its header says: ${declares(header)}. Reading stopped there.`,
    {
      file,
      todo: 'Use the original file: this one was changed, or is made to exhaust the memory.',
    },
  );
}

function tooLarge(file: string, what: string, total: number, dims?: number[]): FinePruneError {
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
