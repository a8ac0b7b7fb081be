import { constants, type BigIntStats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { FinePruneError } from '../../protocol/errors';

/**
 * The one way to read a file that somebody else may have made: whatever its name leads to, it is opened without waiting, only a regular
 * file is read, and no more of it than it has when it is opened. Lint keeps other ways out of the rest.
 */

/** Why a file can't be read. */
export type ReadReason =
  | 'missing'
  /** The system refuses; `system` says how. */
  | 'unreadable'
  | 'folder'
  /** A pipe, a socket, a device, or a file of the system whose size is not that of its content. */
  | 'special'
  /** A link where none is followed. */
  | 'link'
  | 'tooLarge'
  /** Its size or its content changed while it was read. */
  | 'changed';

interface Why {
  /** Bytes that it has, where that is known. */
  readonly size?: number;
  /** The system's word, such as `EACCES`. */
  readonly system?: string;
}

/** A file that can't be read, with the code `file.<reason>`. Readers of one kind of file say it in the words and with the code of that kind. */
export class ReadFault extends FinePruneError {
  readonly size?: number;
  readonly system?: string;

  constructor(
    readonly reason: ReadReason,
    readonly at: string,
    message: string,
    { size, system }: Why = {},
    options?: ErrorOptions,
  ) {
    super({ kind: 'input', code: `file.${reason}`, message, file: at, todo: TODO[reason] }, options);
    if (size !== undefined) this.size = size;
    if (system !== undefined) this.system = system;
  }
}

const TODO: Record<ReadReason, string> = {
  missing: 'Correct the path, or put the file there.',
  unreadable: 'Check its permissions and the disk.',
  folder: 'Name a file in it.',
  special: 'Put a regular file in its place.',
  link: 'Put the file itself in its place.',
  tooLarge: 'Name the right file.',
  changed: 'Try again when nothing is writing to it.',
};

export interface OpenOptions {
  /** Whether the path is free of links, as `confinedPath` gives it: a link that lies there now came later, and is not followed. */
  readonly resolved?: boolean;
}

/** A regular file, open for reading. */
export interface OpenFile {
  readonly handle: FileHandle;
  /** Bytes that it has. */
  readonly size: number;
  /**
   * Whether the file is still as it was opened.
   * @throws ReadFault `changed`
   */
  check(): Promise<void>;
}

/** As much as one call of the system reads. */
const PIECE = 1 << 20;

/**
 * Opens a file, gives it to `use`, and closes it.
 * @throws ReadFault when it is not there, no regular file, or can't be opened
 */
export async function withFile<T>(
  file: string,
  use: (file: OpenFile) => Promise<T>,
  { resolved = false }: OpenOptions = {},
): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    // Looked at before it is opened, too: for some devices that alone does something.
    refuseOther(await stat(file, { bigint: true }), file);
    handle = await open(file, resolved ? FLAGS | (constants.O_NOFOLLOW ?? 0) : FLAGS);
    const before = await handle.stat({ bigint: true });
    refuseOther(before, file);
    const opened = handle;
    const check = async (): Promise<void> => {
      const { size, mtimeNs } = await opened.stat({ bigint: true });
      if (size !== before.size || mtimeNs !== before.mtimeNs) throw changed(file);
    };
    return await use({ handle, size: Number(before.size), check });
  } catch (error) {
    throw faultOf(error, file);
  } finally {
    await handle?.close();
  }
}

/** Neither a pipe nor a device makes `open` wait, and no terminal becomes the process's own. Windows knows none of this. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/**
 * All bytes of a file.
 * @param most bytes that it may have
 * @throws ReadFault
 */
export async function readBytes(file: string, most: number, options?: OpenOptions): Promise<Buffer> {
  return await withFile(
    file,
    async (opened) => {
      if (opened.size > most) throw tooLarge(file, opened.size, most);
      const bytes = Buffer.allocUnsafeSlow(opened.size);
      await fill(opened, bytes, file);
      return bytes;
    },
    options,
  );
}

/**
 * A text file, as UTF-8; what is no UTF-8 becomes replacement characters.
 * @param most bytes that it may have
 * @throws ReadFault
 */
export async function readText(file: string, most: number, options?: OpenOptions): Promise<string> {
  return (await readBytes(file, most, options)).toString('utf8');
}

/**
 * The first bytes of a file, with its size.
 * @param most bytes that are read
 * @throws ReadFault
 */
export async function readStart(
  file: string,
  most: number,
  options?: OpenOptions,
): Promise<{ bytes: Buffer; size: number }> {
  return await withFile(
    file,
    async (opened) => {
      const bytes = Buffer.alloc(Math.min(most, opened.size));
      await (bytes.length < opened.size ? fillWith(opened, bytes, file) : fill(opened, bytes, file));
      return { bytes, size: opened.size };
    },
    options,
  );
}

/**
 * Fills an array with the whole file, whose size was compared with the array's before.
 * @throws ReadFault `changed` when it has another size by now, or while it is read
 */
export async function readInto(file: string, into: Uint8Array, options?: OpenOptions): Promise<void> {
  await withFile(
    file,
    async (opened) => {
      if (opened.size !== into.length) throw changed(file);
      await fill(opened, into, file);
    },
    options,
  );
}

/**
 * The bytes of a file in pieces, each only until the next is asked for.
 * @param most bytes that it may have
 * @throws ReadFault
 */
export async function readPieces(
  file: string,
  most: number,
  take: (piece: Uint8Array) => void | Promise<void>,
  options?: OpenOptions,
): Promise<void> {
  await withFile(
    file,
    async (opened) => {
      if (opened.size > most) throw tooLarge(file, opened.size, most);
      for await (const piece of piecesOf(opened, file)) await take(piece);
    },
    options,
  );
}

/** The same of a file that is open. Ends with an error where it is not as long as it was, or was written to. */
export async function* piecesOf({ handle, size, check }: OpenFile, file: string): AsyncGenerator<Uint8Array> {
  const piece = Buffer.allocUnsafeSlow(Math.max(1, Math.min(PIECE, size)));
  for (let done = 0; done < size;) {
    const { bytesRead } = await handle.read(piece, 0, Math.min(piece.length, size - done), done);
    if (bytesRead === 0) throw changed(file);
    done += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
  await refuseMore(handle, size, file);
  await check();
}

/** Reads exactly as many bytes as the file had when it was opened, and notices where it has others by then. */
async function fill(opened: OpenFile, into: Uint8Array, file: string): Promise<void> {
  await fillWith(opened, into, file);
  await refuseMore(opened.handle, opened.size, file);
  await opened.check();
}

async function fillWith({ handle }: OpenFile, into: Uint8Array, file: string): Promise<void> {
  for (let done = 0; done < into.length;) {
    const { bytesRead } = await handle.read(into, done, Math.min(PIECE, into.length - done), done);
    if (bytesRead === 0) throw changed(file);
    done += bytesRead;
  }
}

/** A file that goes on behind its end is growing, or has no size: what is below /proc says that it is empty. */
async function refuseMore(handle: FileHandle, size: number, file: string): Promise<void> {
  const { bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size);
  if (bytesRead === 0) return;
  if (size > 0) throw changed(file);
  throw new ReadFault(
    'special',
    file,
    'This is a file of the system, such as those below /proc: it has content, but no size.',
  );
}

function refuseOther(found: BigIntStats, file: string): void {
  if (found.isFile()) return;
  if (found.isDirectory()) throw new ReadFault('folder', file, 'This is a folder, not a file.');
  throw new ReadFault('special', file, `This is ${whatItIs(found)}, not a regular file.`);
}

/** What is no regular file, with its article. */
export function whatItIs(
  found: Pick<BigIntStats, 'isDirectory' | 'isFIFO' | 'isSocket' | 'isCharacterDevice' | 'isBlockDevice'>,
): string {
  if (found.isDirectory()) return 'a folder';
  if (found.isFIFO()) return 'a named pipe (FIFO)';
  if (found.isSocket()) return 'a socket';
  return found.isCharacterDevice() || found.isBlockDevice() ? 'a device' : 'something else';
}

const changed = (file: string): ReadFault => new ReadFault('changed', file, 'The file changed while it was read.');

const tooLarge = (file: string, size: number, most: number): ReadFault =>
  new ReadFault('tooLarge', file, `The file has ${size} bytes; at most ${most} are read.`, { size });

/** What the system says of a file, in our words; what is no fault of the file stays as it is. */
function faultOf(error: unknown, file: string): unknown {
  const { code, errno } = error as NodeJS.ErrnoException;
  if (error instanceof FinePruneError || typeof errno !== 'number' || code === undefined) return error;
  const cause = { cause: error };
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new ReadFault('missing', file, 'There is no such file.', { system: code }, cause);
  // Without O_NOFOLLOW: a circle of links.
  if (code === 'ELOOP')
    return new ReadFault('link', file, 'This is a link, which is not followed.', { system: code }, cause);
  // What Linux says of a socket.
  if (code === 'ENXIO')
    return new ReadFault('special', file, 'This is a socket or a device, not a regular file.', { system: code }, cause);
  return new ReadFault('unreadable', file, `The file can't be read (${code}).`, { system: code }, cause);
}

/** Whether a file is simply not there. */
export const isMissing = (error: unknown): boolean => error instanceof ReadFault && error.reason === 'missing';
