import type { McNemar, Rate } from '../../../protocol/report/report';
import {
  isNeuralCleanse,
  type EstimatedTrigger,
  type NeuralCleanseEvidence,
  type ScanAdvice,
  type ScanResult,
} from '../../../protocol/report/scan';
import { checkRate, count, index, length, refuse, share } from './bound-checks';

/** What the masks of a scan are of. */
export interface ScannedModel {
  classes: number;
  /** [height, width, channels]. */
  shape: readonly [number, number, number];
  /** Whether some classes may be left out; a run searches all. */
  partial?: boolean;
}

/** Values of one image, whose bytes a report holds: far more than any model of images takes. */
const MOST_VALUES = 1e8;
const MOST_SEEDS = 100;
const MOST_SEED = 0xffff_ffff;
/** A logarithm of shares over the least deviation: far more than any anomaly index is. */
const MOST_INDEX = 1e9;
/** Images that settings or labels are compared on: a scan takes some hundred. */
const MOST_COMPARED = 1e6;

/** Figures of a scan that are possible one by one, and estimates that have as many bytes as the images have pixels. */
export function checkScan(scan: ScanResult, pointer: string, { classes, shape, partial = false }: ScannedModel): void {
  const pixels = pixelsOf(shape, pointer);
  checkSearched(scan.searched, `${pointer}/searched`, classes, partial);
  const targets = scan.searched?.classes;
  // Of a model that does not know the images nothing was searched.
  if (scan.evidence.length === 0 && scan.word !== 'not measurable')
    refuse(`${pointer}/evidence`, 'is empty, but the word says that something was searched');
  scan.suspects.forEach((one, at) => {
    const place = `${pointer}/suspects/${at}`;
    count(one.target, `${place}/target`, classes - 1);
    if (one.source !== undefined) count(one.source, `${place}/source`, classes - 1);
    if (scan.suspects.findIndex(({ target, source }) => target === one.target && source === one.source) < at)
      refuse(place, 'is there twice');
    between(one.score, 0, MOST_INDEX, `${place}/score`);
  });
  scan.evidence.forEach((one, at) => {
    if (isNeuralCleanse(one)) checkMasks(one, `${pointer}/evidence/${at}`, { classes, shape, pixels, targets });
  });
  for (const key of ['search', 'measured'] as const) count(scan.images[key], `${pointer}/images/${key}`);
  if (scan.cleanAccuracy) checkRate(scan.cleanAccuracy, `${pointer}/cleanAccuracy`);
  if (scan.advice) checkAdvice(scan.advice, `${pointer}/advice`, classes, shape[2]);
}

interface Masked {
  classes: number;
  shape: ScannedModel['shape'];
  pixels: number;
  /** Where only some classes were searched. */
  targets: readonly number[] | undefined;
}

/** The table of trigger inversion. */
function checkMasks(found: NeuralCleanseEvidence, pointer: string, { classes, shape, pixels, targets }: Masked): void {
  length(found.classes, `${pointer}/classes`, targets?.length ?? classes, 'one per class');
  found.classes.forEach((one, at) => {
    const place = `${pointer}/classes/${at}`;
    const target = targets ? targets[at]! : at;
    if (one.target !== target)
      refuse(
        `${place}/target`,
        `is ${one.target}; the entries of a scan are in the order of the classes, so ${target} was expected`,
      );
    norm(one.norm, pixels, `${place}/norm`);
    norm(one.screened, pixels, `${place}/screened`);
    between(one.share, 0, MOST_INDEX, `${place}/share`);
    between(one.anomalyIndex, -MOST_INDEX, MOST_INDEX, `${place}/anomalyIndex`);
    checkRate(one.success, `${place}/success`);
    count(one.steps, `${place}/steps`);
    if (one.estimate) checkEstimate(one.estimate, `${place}/estimate`, shape);
  });
  between(found.limits.index, 0, MOST_INDEX, `${pointer}/limits/index`);
  share(found.limits.share, `${pointer}/limits/share`);
  norm(found.medianNorm, pixels, `${pointer}/medianNorm`);
  for (const key of ['batchSize', 'steps'] as const) count(found[key], `${pointer}/${key}`);
  if (found.seeds.length === 0 || found.seeds.length > MOST_SEEDS)
    refuse(`${pointer}/seeds`, `has ${found.seeds.length} entries; 1 to ${MOST_SEEDS} were expected`);
  found.seeds.forEach((seed, at) => count(seed, `${pointer}/seeds/${at}`, MOST_SEED));
}

/** Some classes of the model, ascending. */
function checkSearched(searched: ScanResult['searched'], pointer: string, classes: number, partial: boolean): void {
  if (!searched) return;
  if (!partial) refuse(pointer, 'is present, but a run searches all classes');
  if (searched.of !== classes) refuse(`${pointer}/of`, `is ${searched.of}; the model has ${classes} classes`);
  count(searched.classes.length, `${pointer}/classes`, classes - 1, 1);
  index(searched.classes, classes, `${pointer}/classes`, 'class');
  const late = searched.classes.findIndex((target, at) => at > 0 && target < searched.classes[at - 1]!);
  if (late > 0)
    refuse(`${pointer}/classes/${late}`, `is ${searched.classes[late]}; the classes are in ascending order`);
}

function checkAdvice({ settings = [], labels }: ScanAdvice, pointer: string, classes: number, channels: number): void {
  settings.forEach((one, at) => {
    const place = `${pointer}/settings/${at}`;
    between(one.scale, Number.MIN_VALUE, MOST_INDEX, `${place}/scale`);
    for (const key of ['mean', 'std'] as const) {
      if (one[key].length !== 1 && one[key].length !== channels)
        refuse(`${place}/${key}`, `has ${one[key].length} entries; 1 or ${channels} were expected`);
      one[key].forEach((value, channel) =>
        between(value, key === 'std' ? Number.MIN_VALUE : -MOST_INDEX, MOST_INDEX, `${place}/${key}/${channel}`),
      );
    }
    checkCompared(one, place);
  });
  if (!labels) return;
  index(
    labels.classes.map(({ data }) => data),
    classes,
    `${pointer}/labels/classes`,
    'class',
  );
  index(
    labels.classes.map(({ model }) => model),
    classes,
    `${pointer}/labels/classes`,
    'class',
  );
  checkCompared(labels, `${pointer}/labels`);
}

function checkCompared(
  { before, after, comparison }: { before: Rate; after: Rate; comparison: McNemar },
  pointer: string,
): void {
  for (const [name, rate] of [
    ['before', before],
    ['after', after],
  ] as const) {
    checkRate(rate, `${pointer}/${name}`);
    count(rate.of, `${pointer}/${name}/of`, MOST_COMPARED);
  }
  for (const key of ['onlyBefore', 'onlyAfter'] as const)
    count(comparison[key], `${pointer}/comparison/${key}`, MOST_COMPARED);
  share(comparison.pValue, `${pointer}/comparison/pValue`);
}

/** The L1 norm of a mask of so many pixels. */
export function norm(value: number, pixels: number, pointer: string): void {
  between(value, 0, pixels, pointer);
}

/** Pixels of an image. */
export function pixelsOf([height, width, channels]: ScannedModel['shape'], pointer: string): number {
  const values = height * width * channels;
  if (!(values > 0 && values <= MOST_VALUES))
    refuse(
      pointer,
      `is of images of ${height}×${width}×${channels}; images of this size are not searched for triggers`,
    );
  return height * width;
}

function checkEstimate(
  { mask, pattern }: EstimatedTrigger,
  pointer: string,
  [height, width, channels]: ScannedModel['shape'],
): void {
  bytes(mask, height * width, `${pointer}/mask`);
  bytes(pattern, height * width * channels, `${pointer}/pattern`);
}

/** Base64 of so many bytes, in the one way of writing them. */
function bytes(text: string, wanted: number, pointer: string): void {
  // The length goes first, so that nothing large is decoded to be refused.
  const decoded = text.length === 4 * Math.ceil(wanted / 3) ? Buffer.from(text, 'base64') : null;
  if (decoded?.length !== wanted || decoded.toString('base64') !== text)
    refuse(pointer, `is not the base64 text of ${wanted} bytes`);
}

function between(value: number, least: number, most: number, pointer: string): void {
  if (!(value >= least && value <= most))
    refuse(pointer, `is ${value}; a number from ${least} to ${most} was expected`);
}
