import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Hostile } from '../case';

/** Larger than anything that is read, if only to be hashed: 5 GiB, of which the disk holds nothing. */
const SPARSE_BYTES = 5 * 2 ** 30;

/** Hostile things that this system has. */
export const HOSTILE: readonly Hostile['kind'][] =
  process.platform === 'win32'
    ? ['folder', 'empty', 'sparse']
    : [
        'folder',
        'device',
        'random',
        'fifo',
        'fifo link',
        'loop',
        'canary',
        'canary',
        'canary',
        'dangling',
        'self',
        'sparse',
        'empty',
      ];

/** Puts a hostile thing in the place of a file. @param outside folder of the canaries */
export function makeHostile(folder: string, { kind, path: name }: Hostile, outside: string): void {
  const file = path.join(folder, name);
  rmSync(file, { recursive: true, force: true });
  mkdirSync(path.dirname(file), { recursive: true });
  switch (kind) {
    case 'folder':
      return mkdirSync(file);
    case 'device':
      return symlinkSync('/dev/zero', file);
    case 'random':
      return symlinkSync('/dev/urandom', file);
    case 'fifo':
      return fifo(file);
    case 'fifo link':
      fifo(`${file}.fifo`);
      return symlinkSync(`${path.basename(file)}.fifo`, file);
    case 'loop':
      symlinkSync(path.basename(file), `${file}.other`);
      return symlinkSync(`${path.basename(file)}.other`, file);
    case 'canary':
      return symlinkSync(path.join(outside, path.basename(name)), file);
    case 'dangling':
      return symlinkSync(path.join(outside, 'not-there'), file);
    case 'self':
      return symlinkSync('.', file);
    case 'sparse': {
      const handle = openSync(file, 'w');
      ftruncateSync(handle, SPARSE_BYTES);
      return closeSync(handle);
    }
    case 'empty':
      return writeFileSync(file, '');
  }
}

// Node makes no pipes with names.
const fifo = (file: string): void => void execFileSync('mkfifo', [file]);
