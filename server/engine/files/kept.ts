import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { canonicalJson, sha256 } from './hash';
import { readText } from './read';
import { writeFileAtomically } from './write';

/** Bytes of one that are read at most. */
const MOST_BYTES = 64 * 2 ** 20;
/** Results that are kept in a folder, the newest. */
const MOST = 200;

/**
 * A result that was kept under this name; undefined where there is none. What can't be read, or was cut or changed since, is as good as
 * not there. Its shape is whatever was kept: the name has to say all that it rests on.
 */
export async function readKept(file: string): Promise<unknown> {
  try {
    const { checksum, result } = JSON.parse(await readText(file, MOST_BYTES)) as { checksum: string; result: unknown };
    return checksum === sha256(canonicalJson(result)) ? result : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a result in a folder of the user's cache, and lets the oldest go. @throws FinePruneError `output.…` */
export async function keep(file: string, result: object): Promise<void> {
  const folder = path.dirname(file);
  await mkdir(folder, { recursive: true });
  await writeFileAtomically(file, JSON.stringify({ checksum: sha256(canonicalJson(result)), result }));
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  if (names.length <= MOST) return;
  const aged = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(path.join(folder, name))).mtimeMs })),
  );
  for (const { name } of aged.sort((a, b) => b.at - a.at).slice(MOST))
    await rm(path.join(folder, name), { force: true });
}
