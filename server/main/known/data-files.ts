import { stat } from 'node:fs/promises';
import { formatOf } from '../../engine/data/formats/registry';
import { readStart } from '../../engine/files/read';
import { sniffFile } from '../../engine/files/sniff';
import { refuseOtherImage } from '../../engine/triggers/other-image';
import type { FileFact } from '../../language/text/facts';
import type { SourceOptions } from '../../protocol/data-source';
import { FinePruneError } from '../../protocol/errors';
import { FileMemo } from './file-memo';

/** What can be known of a data file without reading its images. */
export class DataFiles {
  /** By the format and the options of a source, which say how its files are read. */
  private readonly memos = new Map<string, FileMemo<FileFact>>();
  private readonly pictures = new FileMemo(describePicture);

  /** Never rejects. */
  fact(file: string, options: SourceOptions): Promise<FileFact> {
    const key = JSON.stringify(options);
    const memo = this.memos.get(key) ?? new FileMemo((path) => describe(path, options));
    this.memos.set(key, memo);
    return factOf(file, memo);
  }

  /** Of a trigger's image. Never rejects. */
  picture(file: string): Promise<FileFact> {
    return factOf(file, this.pictures);
  }
}

async function factOf(file: string, memo: FileMemo<FileFact>): Promise<FileFact> {
  try {
    return (await stat(file)).isDirectory() ? { state: 'folder' } : await memo.get(file);
  } catch {
    return { state: 'missing' };
  }
}

async function describe(file: string, options: SourceOptions): Promise<FileFact> {
  try {
    return { state: 'ok', header: await formatOf(options).header(file, 'data', options) };
  } catch (error) {
    return { state: 'unreadable', message: words(error) };
  }
}

/** What it is, and no more: whether it can be decoded and fits is found out by a run. */
async function describePicture(file: string): Promise<FileFact> {
  try {
    await readStart(file, 1);
    refuseOtherImage(await sniffFile(file), file);
    return { state: 'ok', header: null };
  } catch (error) {
    return { state: 'unreadable', message: words(error) };
  }
}

function words(error: unknown): string {
  if (error instanceof FinePruneError) return [error.message, error.todo].filter(Boolean).join(' ');
  return `This file cannot be read (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}).`;
}
