import { createHash, type Hash } from 'node:crypto';
import path from 'node:path';
import { createGunzip } from 'node:zlib';
import { badInput } from '../../../../protocol/errors';
import { HEAD_BYTES } from '../../../files/file-kind';
import { piecesOf, ReadFault, withFile, type OpenFile } from '../../../files/read';
import { sniffFile } from '../../../files/sniff';
import { damagedGzip, gzipTooLong, truncated, truncatedGzip } from './faults';
import { isGzip, MAX_BYTES, readHeader, refuseKind, tooLarge, type IdxHeader } from './idx-header';

/** One IDX file. */
export interface IdxFile extends Pick<IdxHeader, 'type' | 'dims'> {
  /** The elements, big-endian, exactly as many bytes as type and dimensions say; at the beginning of a buffer of their own. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the file as it lies on disk, compressed or not. */
  readonly sha256: string;
}

/** Bytes that are unpacked at a time. */
const CHUNK = 1 << 18;

/**
 * Reads an IDX file, plain or gzip (recognised by its first bytes, not its name).
 *
 * The header is checked before anything of the size it declares is allocated. A compressed file is unpacked as it is read, to no more than
 * that size: neither a second copy nor the compressed bytes are held.
 *
 * @param what what the file is meant to hold, for messages, such as `test images`
 * @param check refuses by the header, before anything else is read
 * @throws FinePruneError `data.…`, one code for each thing that can be wrong with the file
 */
export async function readIdxFile(
  file: string,
  what: string,
  check: (header: IdxHeader) => void = () => undefined,
): Promise<IdxFile> {
  refuseKind(await sniffFile(file), file, what);
  return await ofFile(file, what, async (opened) => {
    const header = await headerOf(opened, file, what);
    check(header);
    const body = new Uint8Array(header.total - header.length);
    const hash = createHash('sha256');
    const content = header.packed ? unpacked(opened, header, hash, file, what) : plain(opened, hash, file);
    let done = 0;
    for await (const piece of content) {
      const skipped = Math.min(piece.length, Math.max(0, header.length - done));
      body.set(piece.subarray(skipped), done + skipped - header.length);
      done += piece.length;
    }
    const { type, dims } = header;
    return { type, dims, body, sha256: hash.digest('hex') };
  });
}

/**
 * The header of an IDX file, from its first bytes and its size.
 * @throws FinePruneError `data.…`, as `readIdxFile` for as much as it sees
 */
export async function readIdxHeader(file: string, what: string): Promise<IdxHeader> {
  refuseKind(await sniffFile(file), file, what);
  return await ofFile(file, what, (opened) => headerOf(opened, file, what));
}

async function headerOf(
  { handle, size }: OpenFile,
  file: string,
  what: string,
): Promise<IdxHeader & { packed: boolean }> {
  const head = Buffer.alloc(Math.min(HEAD_BYTES, size));
  const { bytesRead } = await handle.read(head, 0, head.length, 0);
  const bytes = head.subarray(0, bytesRead);
  return { ...readHeader(bytes, size, file, what), packed: isGzip(bytes) };
}

/** The whole file, hashed on the way. */
async function* plain(opened: OpenFile, hash: Hash, file: string): AsyncGenerator<Uint8Array> {
  for await (const piece of piecesOf(opened, file)) {
    hash.update(piece);
    yield piece;
  }
}

/** What a gzip file holds, which is exactly as much as its header declares; the file itself hashed on the way. */
async function* unpacked(
  opened: OpenFile,
  header: IdxHeader,
  hash: Hash,
  file: string,
  what: string,
): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: CHUNK });
  void (async () => {
    try {
      for await (const piece of piecesOf(opened, file)) {
        hash.update(piece);
        // The piece's memory is used for the next one.
        await new Promise<void>((resolve, reject) =>
          gunzip.write(Buffer.from(piece), (error) => (error ? reject(error) : resolve())),
        );
      }
      gunzip.end();
    } catch (error) {
      gunzip.destroy(error as Error);
    }
  })();
  let done = 0;
  try {
    for await (const piece of gunzip as AsyncIterable<Buffer>) {
      done += piece.length;
      if (done > header.total) throw gzipTooLong(file, what, header);
      yield piece;
    }
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).errno !== 'number' || !isOfZlib(error)) throw error;
    if (error.code === 'Z_BUF_ERROR') throw truncatedGzip(file, what, header);
    throw damagedGzip(file, what, error);
  } finally {
    gunzip.destroy();
  }
  if (done < header.total) throw truncated(file, what, header, done);
}

const isOfZlib = (error: unknown): error is NodeJS.ErrnoException =>
  /^Z_/.test(String((error as NodeJS.ErrnoException).code));

/**
 * Reads something of a file that has to be there, and not be empty or too large.
 * @throws FinePruneError `data.notAFile`, `.empty`, `.tooLarge`, `.missing`, `.unreadable`
 */
async function ofFile<T>(file: string, what: string, read: (opened: OpenFile) => Promise<T>): Promise<T> {
  try {
    return await withFile(file, async (opened) => {
      if (opened.size === 0) {
        // A file of the system gives something all the same.
        await piecesOf(opened, file).next();
        throw badInput('data.empty', `The file of the ${what} is empty (0 bytes).`, {
          file,
          todo: 'Copy or download it again.',
        });
      }
      if (opened.size > MAX_BYTES) throw tooLarge(file, what, opened.size);
      return await read(opened);
    });
  } catch (error) {
    throw error instanceof ReadFault ? ofData(error, file, what) : error;
  }
}

function ofData({ reason, message, system }: ReadFault, file: string, what: string): Error {
  switch (reason) {
    case 'missing':
      return badInput('data.missing', `The file of the ${what} does not exist: ${path.basename(file)}.`, {
        file,
        todo: 'Correct the path in the config, or put the file there.',
      });
    case 'folder':
    case 'special':
      return badInput(
        'data.notAFile',
        reason === 'folder'
          ? `The path of the ${what} is a folder, not a file.`
          : `The path of the ${what} is a device or pipe, not a file. ${message}`,
        { file, todo: 'Name the file itself.' },
      );
    case 'changed':
      return badInput('data.changed', `The file of the ${what} changed while it was read.`, {
        file,
        todo: 'Try again when nothing is writing to it.',
      });
    default:
      return badInput('data.unreadable', `The file of the ${what} can't be read (${system}).`, {
        file,
        todo: 'Check its permissions and the disk.',
      });
  }
}
