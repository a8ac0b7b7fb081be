import { chmod, chown, lstat, mkdir, open, rename } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** File operations that leave on the disk what they were asked for, after a crash of the machine, too. */

/** What a scanner for viruses or an editor that has a file open makes Windows answer; it is over in a moment. */
const PASSING = new Set(['EPERM', 'EACCES', 'EBUSY']);
const RETRY_FOR_MS = 2_000;

/**
 * Renames; on Windows, a file that somebody has open is asked for again for 2 s.
 * @param onSystem for tests: the platform, and what renames
 */
export async function moveTo(
  from: string,
  to: string,
  onSystem: { platform: NodeJS.Platform; rename: typeof rename } = { platform: process.platform, rename },
): Promise<void> {
  const until = performance.now() + RETRY_FOR_MS;
  for (let wait = 10; ; wait = Math.min(2 * wait, 200)) {
    try {
      return await onSystem.rename(from, to);
    } catch (error) {
      const passing = onSystem.platform === 'win32' && PASSING.has((error as NodeJS.ErrnoException).code ?? '');
      if (!passing || performance.now() + wait > until) throw error;
    }
    await delay(wait);
  }
}

/** Has what was made, renamed or removed in a folder on the disk. Not on Windows, which opens no folders. */
export async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Disks of other machines have no such thing; there it is theirs to see to.
    if (!['EINVAL', 'ENOTSUP', 'EBADF'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

/**
 * Writes a file that is not there yet, and flushes it.
 * @param like a file whose place it will take: it gets the same permissions and, where that is allowed, the same owner
 */
export async function writeNewFile(file: string, content: string | Uint8Array, like?: string): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  const old = like === undefined ? null : await lstat(like).catch(() => null);
  if (!old?.isFile()) return;
  const made = await lstat(file);
  if ((old.mode & 0o777) !== (made.mode & 0o777)) await chmod(file, old.mode & 0o777);
  if (old.uid !== made.uid || old.gid !== made.gid) await chown(file, old.uid, old.gid).catch(() => undefined);
}

/** Writes a folder that is not there yet, with files by relative path, and flushes all of it. */
export async function writeNewFolder(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const folders = new Set([folder]);
  await mkdir(folder);
  for (const [name, bytes] of files) {
    const file = path.join(folder, name);
    for (let dir = path.dirname(file); dir !== folder; dir = path.dirname(dir)) folders.add(dir);
    await mkdir(path.dirname(file), { recursive: true });
    await writeNewFile(file, bytes);
  }
  for (const dir of folders) await flushFolder(dir);
}
