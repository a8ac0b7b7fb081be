import { lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Case, Corpus, Kind } from './case';
import { Chance } from './chance';
import { makeHostile } from './mutate/hostile';

/** Which input: the same seed, kind and number give the same one. */
export interface InputId {
  readonly seed: number;
  readonly kind: string;
  readonly number: number;
}

/** What makes an input again. */
export const repeat = ({ seed, kind, number }: InputId): string =>
  `npm run fuzz -- --seed ${seed} --input ${kind}:${number} --keep`;

export const makeCase = ({ seed, number }: InputId, kind: Kind, corpus: Corpus): Case =>
  kind.make(new Chance(seed, kind.name, number), corpus);

/** Writes a case into an empty folder. @param outside folder of the canaries */
export function writeCase({ files, hostile }: Case, folder: string, outside: string): void {
  for (const [name, bytes] of files) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    const content = Buffer.from(bytes);
    writeFileSync(
      file,
      content.includes('@outside@') ? content.toString('latin1').replaceAll('@outside@', outside) : content,
      'latin1',
    );
  }
  for (const one of hostile) makeHostile(folder, one, outside);
}

/** Bytes of a folder on the disk. Holes of a file take none. */
export function sizeOnDisk(folder: string): number {
  let size = 0;
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const found = lstatSync(path.join(folder, name));
    if (found.isFile()) size += Math.min(found.size, 512 * found.blocks);
  }
  return size;
}

export function emptied(folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}
