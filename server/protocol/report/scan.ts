import * as v from 'valibot';
import { DataFormat, type DataSource } from '../data-source';
import { ResolvedSplit } from '../config/resolved-data';
import { above0, channels, MOST_CLASSES, object, said, text, whole } from '../shape/shape';
import { figures } from './bounds/bound-checks';
import { checkScan } from './bounds/scan-bounds';
import { HashedFiles, hashes, ImageShape, MadeWith } from './provenance';
import {
  ScanResult,
  type ClassInversion,
  type Evidence,
  type NeuralCleanseEvidence,
  type OtherPixels,
} from './scan-result';

export type {
  ClassInversion,
  EstimatedTrigger,
  Evidence,
  NeuralCleanseEvidence,
  OtherLabels,
  OtherPixels,
  ScanAdvice,
  ScanResult,
  ScanWord,
  Suspect,
} from './scan-result';

const RANGE_WORDS: Record<OtherPixels['range'], string> = {
  'as set': 'images',
  '0..1': 'pixels from 0 to 1',
  '0..255': 'raw bytes (0 to 255)',
  '-1..1': 'pixels from -1 to 1',
  own: 'pixels standardised by their own mean and deviation',
};

/** Other pixels in a few words: `pixels from -1 to 1`, `images, inverted`. */
export function pixelWords({ range, images }: Pick<OtherPixels, 'range' | 'images'>): string {
  const change = {
    'as they are': '',
    inverted: ', inverted',
    'channels reversed': ', with the channels in reverse order (BGR for RGB)',
  }[images];
  return `${RANGE_WORDS[range]}${change}`;
}

const fields = object({
  schemaVersion: said(v.literal(2), 'Version of this format.'),
  scan: ScanResult,
  model: object({
    path: said(text, 'Path relative to this file.'),
    ...hashes,
    classes: whole(MOST_CLASSES, 1),
    shape: ImageShape,
  }),
  data: object({
    format: DataFormat,
    clean: said(ResolvedSplit, 'Clean images, paths relative to this file.'),
    scale: above0,
    mean: channels,
    std: channels,
    files: said(HashedFiles, "SHA-256 of each file's bytes."),
  }),
  provenance: MadeWith,
});
export type ScanReport = v.InferOutput<typeof fields>;

export const ScanReport = said(
  v.pipe(
    fields,
    figures(({ scan, model }) => checkScan(scan, '/scan', { ...model, partial: true })),
  ),
  'A scan on its own. A fixed order of keys and fixed rounding, as in a defense report.',
);

/** A scan of one model. Paths are absolute. */
export interface ScanRequest {
  model: string;
  /** Clean images with labels. */
  clean: DataSource;
  /** As in the defense config; default: bytes to [0, 1], no further normalisation. */
  scale?: number;
  mean?: number[];
  std?: number[];
  /**
   * What a defense config says of its training images and target class: the scan is then the one that a run of it begins with.
   * Left out: half of the images to search on, the others to measure on.
   */
  config?: { holdout: number; holdoutNamed?: true; fineTuneImages: number | null; target: number | null };
  /** Classes to search, each once; default: all of them. The search costs time by the class. */
  classes?: number[];
  /** Folder that gets `<name>.scan.json`, and the name. Null writes nothing. */
  out: { folder: string; name: string } | null;
  /** Folders that model and data may lie in. */
  allowedFolders: string[];
  seed: number;
  backend: 'auto' | 'native' | 'wasm';
  threads: number;
  /** Path of a native binding that goes before any other source. */
  nativeBinding?: string;
  /** Whether an earlier result of the same bytes may be taken. */
  useCache: boolean;
}

export interface ScanOutcome {
  report: ScanReport;
  /** Absolute path of what was written; null for nothing. */
  file: string | null;
  /** Whether it was taken from an earlier scan of the same bytes. */
  cached: boolean;
  backend: { name: 'native' | 'wasm'; why: string; version: string };
  timings: { totalMs: number; peakBytes: number };
}

/** The classes that a scan suspects, the most suspicious first. */
export function suspectedClasses({ suspects }: Pick<ScanResult, 'suspects'>): number[] {
  return [...new Set(suspects.map(({ target }) => target))];
}

/** Name of the method that some evidence is of. */
export const methodOf = (evidence: Evidence): string => (evidence.method === 'other' ? evidence.name : evidence.method);

export const isNeuralCleanse = (evidence: Evidence): evidence is NeuralCleanseEvidence =>
  evidence.method === 'neural-cleanse';

/** The evidence of trigger inversion; null where none was made. */
export function neuralCleanse({ evidence }: Pick<ScanResult, 'evidence'>): NeuralCleanseEvidence | null {
  return evidence.find(isNeuralCleanse) ?? null;
}

/** What trigger inversion found, in class order; none where it was not done. */
export function inversions(scan: Pick<ScanResult, 'evidence'>): readonly ClassInversion[] {
  return neuralCleanse(scan)?.classes ?? [];
}

/** What trigger inversion found for a class; undefined where it was not searched. */
export function inversionOf(scan: Pick<ScanResult, 'evidence'>, target: number): ClassInversion | undefined {
  const classes = inversions(scan);
  const at = classes[target];
  return at?.target === target ? at : classes.find((one) => one.target === target);
}
