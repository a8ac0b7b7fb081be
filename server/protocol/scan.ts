import type { SplitFiles } from './config';
import type { Provenance, Rate } from './report';

/**
 * What trigger inversion found in a model (Neural Cleanse; Wang et al., IEEE S&P 2019): for every class, the smallest mask and
 * pattern that turn clean images into that class. A class whose mask is far smaller than those of the others is suspicious. It
 * never says that a model is clean: `sentence` says what was tried.
 */
export interface ScanResult {
  word: ScanWord;
  /** One or two sentences with the figures, and with what was tried. */
  sentence: string;
  /** Classes that are suspicious, smallest mask first. */
  flagged: number[];
  /** One entry a class, in class order. */
  classes: ClassInversion[];
  /** What a class is flagged by: an anomaly index above `index` and a mask below `share` of the median of all classes. */
  limits: { index: number; share: number };
  /** Median of the screened norms, in pixels. */
  medianNorm: number;
  /** Clean images that masks were searched on, and held-out ones that their success was measured on. */
  images: { search: number; measured: number };
  /** Images a step and class in the screening, and its steps. */
  batchSize: number;
  steps: number;
  /** Seeds of the searches; a second one where the first was a borderline case. */
  seeds: number[];
}

export type ScanWord = 'suspicious' | 'nothing found';

/** The smallest trigger found for one class. */
export interface ClassInversion {
  target: number;
  /** Sum of the estimate's mask over pixels (L1 norm), in pixels, 0 to height·width. */
  norm: number;
  /** Norm after the screening, which gives every class the same number of steps; the mean over the seeds. What follows rests on it. */
  screened: number;
  /** `screened` as a share of the median of all classes. */
  share: number;
  /**
   * −ln(share) / (1.4826 · median of |ln(share)| over the classes), after Neural Cleanse, but on a logarithmic scale: positive for a
   * mask smaller than the median. The divisor counts as at least 0.02.
   */
  anomalyIndex: number;
  /** Share of measured images of other classes that the estimated trigger takes to the target. */
  success: Rate;
  /** Steps of the search: screening, all seeds together, and what was spent on the final estimate. */
  steps: number;
  flagged: boolean;
  /** The estimate itself; null where pictures of all classes would make the report too large. Flagged classes always have it. */
  estimate: EstimatedTrigger | null;
}

/**
 * A trigger by mask and pattern: x·(1 − mask) + pattern·mask, in the [0, 1] pixel range. Bytes, so that what is measured is
 * exactly what is written here: value = byte / 255.
 */
export interface EstimatedTrigger {
  /** Base64 of height·width bytes. */
  mask: string;
  /** Base64 of height·width·channels bytes, NHWC. */
  pattern: string;
}

/** A scan by itself, as it is written to `<name>.scan.json`. Sorted keys and fixed rounding as in a defense report. */
export interface ScanReport {
  schemaVersion: 1;
  scan: ScanResult;
  model: {
    /** Path relative to this file. */
    path: string;
    /** SHA-256 of model.json in canonical form and of the weight bytes. */
    topology: string;
    weights: string;
    classes: number;
    /** [height, width, channels]. */
    shape: [number, number, number];
  };
  data: {
    format: 'idx';
    /** Clean images, paths relative to this file. */
    clean: SplitFiles;
    scale: number;
    mean: number[];
    std: number[];
    /** SHA-256 of each file's bytes. */
    files: { path: string; sha256: string }[];
  };
  provenance: Pick<Provenance, 'tool' | 'backend' | 'engine' | 'threads' | 'oneDnn' | 'cpuFeatures'>;
}

/** A scan of one model. Paths are absolute. */
export interface ScanRequest {
  model: string;
  /** Clean images with labels. */
  clean: SplitFiles;
  /** As in the defense config; default: bytes to [0, 1], no further normalisation. */
  scale?: number;
  mean?: number[];
  std?: number[];
  /**
   * What a defense config says of its training images and target class: the scan is then the one that a run of it begins with.
   * Left out: half of the images to search on, the others to measure on.
   */
  config?: { holdout: number; holdoutNamed?: true; fineTuneImages: number | null; target: number | null };
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
