import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from '../server/engine/files/write';
import { serialise } from '../server/engine/report/json/serialise';
import type { StrategyName } from '../server/protocol/config/config';
import type { VerdictWord } from '../server/protocol/report/report';
import type { ScanWord } from '../server/protocol/report/scan';
import { basisOf, cellName, type Cell } from './cells';

/** Counts on test images with the true trigger, which the repair never saw. */
export interface Figures {
  /** Clean test images classified as labelled. */
  correct: number;
  of: number;
  /** Triggered test images of other classes, taken for the target, and classified as labelled all the same. */
  successful: number;
  robust: number;
  ofTriggered: number;
}

/** A scan in short: one entry a class, in class order. */
export interface ScanFigures {
  word: ScanWord;
  flagged: number[];
  /** Share of the median norm, and anomaly index. */
  classes: { share: number; index: number }[];
  limits: { index: number; share: number };
}

/** What a cell's repair did. */
export interface RepairFigures {
  before: Figures;
  after: Figures;
  /** False when the model was left as it was. */
  repaired: boolean;
  /** The tool's own verdict, which rests on an estimated trigger and a fresh inversion. */
  verdict: VerdictWord;
  sentence: string;
  /** In the order in which they were tried. */
  attempts: { strategy: StrategyName; rounds: number; pruned: number; met: boolean; chosen: boolean }[];
  /** Classes flagged in the input model and, in the proof, in the repaired one; null where no scan was made. */
  flagged: number[] | null;
  proof: number[] | null;
}

/** One committed file. No times of day and no paths, so that a recomputation changes what has changed. */
export interface CellResult {
  cell: Cell;
  /** See `basisOf`. */
  basis: string;
  /** Processor seconds that it took, rounded; without the training of the model. */
  seconds: number;
  /** What computed. */
  engine: { backend: 'native' | 'wasm'; version: string };
  /** SHA-256 of the attacked model's weights. */
  weights: string;
  scan?: ScanFigures;
  repair?: RepairFigures;
}

/** A cell that could not be computed, with the reason. */
export interface CellFailure {
  cell: Cell;
  basis: string;
  failure: { code: string; message: string };
}

/** What is known of a cell. */
export type Known =
  | { state: 'done'; result: CellResult }
  | { state: 'failed'; failure: CellFailure['failure'] }
  | { state: 'stale' }
  | { state: 'missing' };

export const RESULTS = path.join(__dirname, 'results');

/** Written whole or not at all. */
export async function writeResult(result: CellResult | CellFailure, folder = RESULTS): Promise<void> {
  await writeFileAtomically(path.join(folder, `${cellName(result.cell)}.json`), serialise(result));
}

/** What is known of each cell, by name. A file that can't be read counts as missing. */
export async function readResults(cells: readonly Cell[], folder = RESULTS): Promise<Map<string, Known>> {
  const names = new Set(await readdir(folder).catch(() => [] as string[]));
  const known = await Promise.all(
    cells.map(async (cell): Promise<[string, Known]> => {
      const name = cellName(cell);
      return [
        name,
        names.has(`${name}.json`) ? await readOne(path.join(folder, `${name}.json`), cell) : { state: 'missing' },
      ];
    }),
  );
  return new Map(known);
}

async function readOne(file: string, cell: Cell): Promise<Known> {
  let read: CellResult | CellFailure;
  try {
    read = JSON.parse(await readFile(file, 'utf8')) as CellResult | CellFailure;
  } catch {
    return { state: 'missing' };
  }
  if (read.basis !== basisOf(cell)) return { state: 'stale' };
  return 'failure' in read ? { state: 'failed', failure: read.failure } : { state: 'done', result: read };
}
