import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { badInput } from '../../../../protocol/errors';
import { readHead, sniffFile } from '../../../files/sniff';
import { damagedGzip, gzipTooLong, truncated, truncatedGzip } from './faults';
import { isGzip, MAX_BYTES, readHeader, refuseKind, tooLarge, type IdxHeader } from './idx-header';

/** One IDX file. */
export interface IdxFile extends Pick<IdxHeader, 'type' | 'dims'> {
  /** The elements, big-endian, exactly as many bytes as type and dimensions say. */
  readonly body: Uint8Array;
  /** SHA-256 of the file as it lies on disk, compressed or not. */
  readonly sha256: string;
}

const CHUNK = 1 << 22;
const inflate = promisify(gunzip) as (bytes: Uint8Array, options: object) => Promise<Buffer>;

/**
 * Reads an IDX file, plain or gzip (recognised by its first bytes, not its name).
 *
 * The header is checked before anything of the size it declares is allocated, and a compressed file is inflated to no more
 * than that size.
 *
 * @param what what the file is meant to hold, for messages, such as `test images`
 * @throws FinePruneError `data.…`, one code for each thing that can be wrong with the file
 */
export async function readIdxFile(file: string, what: string): Promise<IdxFile> {
  refuseKind(await sniffFile(file), file, what);
  const { bytes, sha256 } = await ofFile(file, what, (size) => readHashed(file, size));
  const header = readHeader(bytes, bytes.length, file, what);
  const { type, dims } = header;
  const body = isGzip(bytes) ? await inflateWhole(bytes, header, file, what) : bytes.subarray(header.length);
  return { type, dims, body, sha256 };
}

/**
 * The header of an IDX file, from its first bytes and its size.
 * @throws FinePruneError `data.…`, as `readIdxFile` for as much as it sees
 */
export async function readIdxHeader(file: string, what: string): Promise<IdxHeader> {
  refuseKind(await sniffFile(file), file, what);
  return await ofFile(file, what, async (size) => readHeader(await readHead(file), size, file, what));
}

/** Reads in pieces, hashing on the way, without blocking the process for the length of the file. */
async function readHashed(file: string, size: number): Promise<{ bytes: Buffer; sha256: string }> {
  const handle = await open(file, 'r');
  try {
    const bytes = Buffer.allocUnsafe(size);
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
}

/**
 * Reads something of a file that has to be there, and not be empty or too large.
 * @param read gets the file's size
 * @throws FinePruneError `data.notAFile`, `.empty`, `.tooLarge`, `.missing`, `.unreadable`
 */
async function ofFile<T>(file: string, what: string, read: (size: number) => Promise<T>): Promise<T> {
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
    return await read(info.size);
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

async function inflateWhole(bytes: Buffer, header: IdxHeader, file: string, what: string): Promise<Uint8Array> {
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
