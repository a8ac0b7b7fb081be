import { stat } from 'node:fs/promises';
import { constants, gunzipSync } from 'node:zlib';
import { refuseOtherImage } from '../../engine/triggers/other-image';
import { readIdxFile, refuseKind } from '../../engine/data/formats/idx/idx-file';
import { insideGzip, readHead, sniffFile } from '../../engine/files/sniff';
import type { FileFact, IdxHeader } from '../../language/text/facts';
import { FinePruneError } from '../../protocol/errors';
import { FileMemo } from './file-memo';

/** Enough for any header, compressed or not. */
const HEADER_BYTES = 4096;
/** Labels up to this size are read whole, to know the largest one. */
const MAX_LABEL_BYTES = 4 << 20;
/** A file with a bad header is read by the engine's own reader, for its words, if it is no larger than this. */
const MAX_EXPLAINED_BYTES = 64 << 20;

/** What can be told of a data file without reading its images. */
export class DataFiles {
  private readonly memo = new FileMemo(describe);
  private readonly pictures = new FileMemo(describePicture);

  /** Never rejects. */
  async fact(file: string, isData: boolean): Promise<FileFact> {
    try {
      const found = await stat(file);
      if (!found.isFile()) return { state: 'folder' };
      return await (isData ? this.memo : this.pictures).get(file);
    } catch {
      return { state: 'missing' };
    }
  }
}

async function describe(file: string): Promise<FileFact> {
  try {
    const { size } = await stat(file);
    const found = await sniffFile(file);
    refuseKind(found, file, 'data');
    if (found?.kind === 'gzip') refuseKind(insideGzip(await readHead(file)), file, 'data, unpacked,');
    const header = await readHeader(file, size);
    if (!header) return await explain(file, size);
    if (header.dimensions.length !== 1 || size > MAX_LABEL_BYTES) return { state: 'ok', header };
    return { state: 'ok', header: { ...header, ...(await largestLabel(file)) } };
  } catch (error) {
    return { state: 'unreadable', message: words(error) };
  }
}

/** Of a trigger's image, what it is, and no more: whether it can be decoded and fits is told by a run. */
async function describePicture(file: string): Promise<FileFact> {
  try {
    refuseOtherImage(await sniffFile(file), file);
    return { state: 'ok', header: null };
  } catch (error) {
    return { state: 'unreadable', message: words(error) };
  }
}

/** Dimensions from the first bytes; undefined when they are not those of a whole IDX file. */
async function readHeader(file: string, size: number): Promise<IdxHeader | undefined> {
  const start = await readHead(file);
  const compressed = start[0] === 0x1f && start[1] === 0x8b;
  const bytes = compressed
    ? gunzipSync(start.subarray(0, HEADER_BYTES), { finishFlush: constants.Z_SYNC_FLUSH })
    : start;
  const rank = bytes[3] ?? 0;
  if (bytes.length < 4 + 4 * rank || bytes[0] !== 0 || bytes[1] !== 0 || rank < 1 || rank > 4) return undefined;
  const dimensions = Array.from({ length: rank }, (_, axis) => bytes.readUInt32BE(4 + 4 * axis));
  const declared = dimensions.reduce((product, n) => product * n, 1) + 4 + 4 * rank;
  // Only bytes are compared here: other element types are the engine's to check.
  if (bytes[2] === 0x08 && !compressed && declared !== size) return undefined;
  return { dimensions };
}

async function largestLabel(file: string): Promise<{ largestLabel?: number }> {
  const { type, body } = await readIdxFile(file, 'labels');
  return type === 0x08 && body.length ? { largestLabel: body.reduce((most, label) => Math.max(most, label), 0) } : {};
}

/** The engine's own words for a file that it would refuse. */
async function explain(file: string, size: number): Promise<FileFact> {
  if (size > MAX_EXPLAINED_BYTES)
    return {
      state: 'unreadable',
      message: 'This is not a complete IDX file: its first bytes or its length are wrong.',
    };
  const { dims } = await readIdxFile(file, 'data');
  return { state: 'ok', header: { dimensions: [...dims] } };
}

function words(error: unknown): string {
  if (error instanceof FinePruneError) return [error.message, error.todo].filter(Boolean).join(' ');
  return `This file cannot be read (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}).`;
}
