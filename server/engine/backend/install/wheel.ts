import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as yauzl from 'yauzl';
import { readPieces } from '../../files/read';
import { installFailure, reasonOf } from './failure';
import { TENSORFLOW_LIBRARIES, pythonCommand } from './python';
import { failureLine, run, type RunResult } from './run';

/** A part of a step that is done, in bytes where the step moves bytes. */
export type Progress = (done: number, total: number) => void;

/** The one wheel we build against. The Python tag is of no matter: nothing in it is run by Python. */
export const WHEEL = {
  requirement: 'tensorflow-cpu==2.21.0',
  version: '2.21.0',
  pipSelection: ['--python-version', '3.11', '--platform', 'manylinux_2_27_x86_64'],
  file: 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl',
  bytes: 273_829_956,
  sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
  /** Of the two libraries, as they come. */
  unpackedBytes: 853_308_936,
  /** Of the engine made from it, without the symbols that nobody links against. */
  engineBytes: 634_512_568,
} as const;

/** The C interface and what it includes: 0.3 MB of the wheel's 60 MB of headers. */
const HEADERS =
  /^tensorflow\/include\/(tensorflow\/c\/|tensorflow\/core\/platform\/ctstring|tsl\/platform\/ctstring|xla\/tsl\/c\/)[\w/]*\.h$/;

/**
 * Downloads the pinned wheel into `folder` with the user's pip, which knows about mirrors, proxies and certificates.
 * pip gives no progress to programs; the size of what it has written so far does.
 * @returns the path of the wheel, not yet checked
 */
export async function downloadWheel(
  folder: string,
  env: NodeJS.ProcessEnv,
  progress: Progress,
  signal?: AbortSignal,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', ...WHEEL.pipSelection];
  args.push(
    '--no-cache-dir',
    '--progress-bar',
    'off',
    '--disable-pip-version-check',
    '--no-input',
    '--dest',
    folder,
    WHEEL.requirement,
  );
  const python = pythonCommand(env);
  const watch = setInterval(
    () => void folderBytes(folder).then((bytes) => progress(Math.min(bytes, WHEEL.bytes), WHEEL.bytes)),
    500,
  );
  let result: RunResult;
  try {
    result = await run(python, args, { cwd: folder, env: { ...env, TMPDIR: folder, PYTHONSAFEPATH: '1' }, signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw installFailure(
      'download',
      `${python} cannot be started (${reasonOf(error)}).`,
      'Install Python 3 with pip, or set FINE_PRUNE_PYTHON to one.',
      { cause: error },
    );
  } finally {
    clearInterval(watch);
  }
  if (result.code !== 0) {
    const noPip = /No module named pip/.test(result.stderr);
    const todo = noPip
      ? `Install pip for ${python} (python3-pip, or python3 -m ensurepip).`
      : `Check the network, or try it by hand: ${python} -m pip download ${args.slice(3, -3).join(' ')} ${WHEEL.requirement}`;
    throw installFailure('download', `pip says: ${failureLine(result)}.`, todo);
  }
  return path.join(folder, WHEEL.file);
}

/** Compares the wheel with the pinned size and sha256: what is in it will run with the user's rights. */
export async function checkWheel(
  wheel: string,
  signal?: AbortSignal,
  expected: { bytes: number; sha256: string } = WHEEL,
): Promise<void> {
  const todo =
    'Try again; if it happens again, the package index or a proxy in between delivers a different file: tell its administrator.';
  const size = (await stat(wheel).catch(() => undefined))?.size;
  if (size !== expected.bytes) {
    throw installFailure('checksum', `it has ${size ?? 'no'} bytes, expected ${expected.bytes}.`, todo, {
      file: wheel,
    });
  }
  const hash = createHash('sha256');
  await readPieces(wheel, expected.bytes, (piece) => {
    signal?.throwIfAborted();
    hash.update(piece);
  });
  const actual = hash.digest('hex');
  if (actual !== expected.sha256) {
    throw installFailure('checksum', `its sha256 is ${actual}, expected ${expected.sha256}.`, todo, { file: wheel });
  }
}

/** Unpacks the headers, with their folders, below `folder`. @returns the folder to compile against */
export async function extractHeaders(wheel: string, folder: string, signal?: AbortSignal): Promise<string> {
  await extract(
    wheel,
    (name) => (HEADERS.test(name) ? path.join(folder, name) : undefined),
    () => {},
    signal,
  );
  return path.join(folder, 'tensorflow', 'include');
}

/** Unpacks the two libraries into `folder`, streaming: they have 0.9 GB. */
export async function extractLibraries(
  wheel: string,
  folder: string,
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const wanted = new Map(TENSORFLOW_LIBRARIES.map((name) => [`tensorflow/${name}`, path.join(folder, name)]));
  const count = await extract(wheel, (name) => wanted.get(name), progress, signal);
  if (count !== wanted.size) {
    throw installFailure('extract', `${TENSORFLOW_LIBRARIES.join(' and ')} are not both in it.`, 'Try again.', {
      file: wheel,
    });
  }
}

/** Targets come from fixed patterns, never from the archive alone, so no entry can leave the folder. */
async function extract(
  wheel: string,
  target: (name: string) => string | undefined,
  progress: Progress,
  signal?: AbortSignal,
): Promise<number> {
  let count = 0;
  let done = 0;
  try {
    const zip = await yauzl.openPromise(wheel, { lazyEntries: true, autoClose: false });
    try {
      for await (const entry of zip.eachEntry()) {
        const file = target(entry.fileName);
        if (file === undefined) continue;
        await mkdir(path.dirname(file), { recursive: true });
        const content = await zip.openReadStreamPromise(entry);
        content.on('data', (chunk: Buffer) => progress((done += chunk.length), WHEEL.unpackedBytes));
        await pipeline(content, createWriteStream(file), { ...(signal && { signal }) });
        count += 1;
      }
    } finally {
      zip.close();
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw installFailure('extract', `${reasonOf(error)}.`, 'Check that the disk is not full, then try again.', {
      file: wheel,
      cause: error,
    });
  }
  return count;
}

async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => [] as string[]);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(path.join(folder, name)).then(
        (s) => (s.isFile() ? s.size : 0),
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
