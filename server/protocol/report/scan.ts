import type { DataSource, SplitFiles } from '../data-source';
import type { McNemar, Provenance, Rate } from './report';

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
  /** One entry a class that was searched, in class order; none where the model hardly knows the images, so that nothing was searched. */
  classes: ClassInversion[];
  /** What a class is flagged by: an anomaly index above `index` and a mask below `share` of the median of all classes. */
  limits: { index: number; share: number };
  /** Median of the screened norms, in pixels; 0 where nothing was searched. */
  medianNorm: number;
  /** Clean images that masks were searched on, and held-out ones that their success was measured on. */
  images: { search: number; measured: number };
  /** Images a step and class in the screening, and its steps. */
  batchSize: number;
  steps: number;
  /** Seeds of the searches; a second one where the first was a borderline case. */
  seeds: number[];
  /** Images of both kinds that the model classifies as labelled, before anything was searched. Absent in results of earlier versions. */
  cleanAccuracy?: Rate;
  /** What speaks against the settings or the labels that the model was scanned with; absent where nothing does. */
  advice?: ScanAdvice;
  /** Where only some classes were asked for: these, ascending, and of how many. All figures compare only them. Absent: all were searched. */
  searched?: { classes: number[]; of: number };
}

/**
 * `not measurable`: the model classifies the images hardly better than by guessing, or too few classes were searched to compare
 * them. It is never said of such a scan that nothing was found.
 */
export type ScanWord = 'suspicious' | 'nothing found' | 'not measurable';

/** Settings or labels under which the model is right on clearly more of the very same images. */
export interface ScanAdvice {
  /** What was measured, and what to do. */
  sentence: string;
  /** Other settings of the pixels, the best first; absent where none is clearly better. */
  settings?: OtherPixels[];
  /** An order of the classes that fits better than that of the labels; absent where there is none, or other settings explain it. */
  labels?: OtherLabels;
}

/** Pixels as the model may have been trained on them: at least two points more images right, and p < 0.01. */
export interface OtherPixels {
  /** Range of what goes into the model: `as set`, pixels from 0 to 1, bytes, from -1 to 1, or less the images' own mean by their own deviation. */
  range: 'as set' | '0..1' | '0..255' | '-1..1' | 'own';
  /** What has to be done with the image files first, since no setting does it. */
  images: 'as they are' | 'inverted' | 'channels reversed';
  /** As in a defense config; each list of one number, or one per channel. */
  scale: number;
  mean: number[];
  std: number[];
  /** The same as options of the command line. */
  flags: string;
  /** Images right as set, and with these pixels: the same images. */
  before: Rate;
  after: Rate;
  comparison: McNemar;
}

const RANGE_WORDS: Record<OtherPixels['range'], string> = {
  'as set': 'images',
  '0..1': 'pixels from 0 to 1',
  '0..255': 'raw bytes (0 to 255)',
  '-1..1': 'pixels from -1 to 1',
  own: 'pixels less their own mean, by their own deviation',
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

/** Labels that name the classes in another order than the model does. */
export interface OtherLabels {
  /** Labels of the data and the class of the model that they are, where the two differ; ascending by `data`. */
  classes: { data: number; model: number }[];
  /** Images right as labelled, and in this order: the same images, none of which the order was read from. */
  before: Rate;
  after: Rate;
  comparison: McNemar;
}

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
    format: DataSource['format'];
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

/** What was found for a class; undefined where it was not searched. */
export function inversionOf({ classes }: Pick<ScanResult, 'classes'>, target: number): ClassInversion | undefined {
  const at = classes[target];
  return at?.target === target ? at : classes.find((one) => one.target === target);
}
