import { base64Bytes } from '../../shape/shape';
import type { Rate } from '../metrics';
import type { EstimatedTrigger, NeuralCleanseEvidence, ScanAdvice, ScanResult } from '../scan-result';
import { checkRate, count, index, length, refuse } from './bound-checks';

/** What the masks of a scan are of. */
export interface ScannedModel {
  classes: number;
  /** [height, width, channels]; null where it is not known. */
  shape: readonly [number, number, number] | null;
  /** Whether some classes may be left out; a run searches all. */
  partial?: boolean;
}

/** Values of one image, whose bytes a report holds: far more than any model of images takes. */
const MOST_VALUES = 1e8;

/** Figures of a scan beside each other, and estimates that have as many bytes as the images have pixels. @throws Refused */
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
    if (targets && !targets.includes(one.target))
      refuse(`${place}/target`, `is ${one.target}, a class that was not searched`);
    if (one.source !== undefined) count(one.source, `${place}/source`, classes - 1);
    if (scan.suspects.findIndex(({ target, source }) => target === one.target && source === one.source) < at)
      refuse(place, 'is there twice');
  });
  scan.evidence.forEach((one, at) => {
    if (one.method === 'neural-cleanse')
      checkMasks(one, `${pointer}/evidence/${at}`, { classes, shape, pixels, targets });
  });
  if (scan.cleanAccuracy) checkRate(scan.cleanAccuracy, `${pointer}/cleanAccuracy`);
  if (scan.advice) checkAdvice(scan.advice, `${pointer}/advice`, classes, shape);
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
    checkRate(one.success, `${place}/success`);
    if (one.estimate && shape) checkEstimate(one.estimate, `${place}/estimate`, shape);
  });
  norm(found.medianNorm, pixels, `${pointer}/medianNorm`);
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

function checkAdvice(
  { settings = [], labels }: ScanAdvice,
  pointer: string,
  classes: number,
  shape: ScannedModel['shape'],
): void {
  settings.forEach((one, at) => {
    const place = `${pointer}/settings/${at}`;
    for (const key of ['mean', 'std'] as const) {
      if (shape && one[key].length !== 1 && one[key].length !== shape[2])
        refuse(`${place}/${key}`, `has ${one[key].length} entries; 1 or ${shape[2]} were expected`);
    }
    checkCompared(one, place);
  });
  if (!labels) return;
  for (const key of ['data', 'model'] as const)
    index(
      labels.classes.map((one) => one[key]),
      classes,
      `${pointer}/labels/classes`,
      'class',
    );
  checkCompared(labels, `${pointer}/labels`);
}

function checkCompared({ before, after }: { before: Rate; after: Rate }, pointer: string): void {
  checkRate(before, `${pointer}/before`);
  checkRate(after, `${pointer}/after`);
}

/** The L1 norm of a mask of so many pixels. */
export function norm(value: number, pixels: number, pointer: string): void {
  if (value > pixels) refuse(pointer, `is ${value}; a number from 0 to ${pixels} was expected`);
}

/** Pixels of an image; unbounded where its size is not known. */
export function pixelsOf(shape: ScannedModel['shape'], pointer: string): number {
  if (!shape) return Infinity;
  const [height, width, channels] = shape;
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
  [height, width, channels]: readonly [number, number, number],
): void {
  bytes(mask, height * width, `${pointer}/mask`);
  bytes(pattern, height * width * channels, `${pointer}/pattern`);
}

function bytes(text: string, wanted: number, pointer: string): void {
  if (base64Bytes(text) !== wanted) refuse(pointer, `is not the base64 text of ${wanted} bytes`);
}
