import { methodOf, neuralCleanse, suspectedClasses, type ScanResult } from '../../../protocol/report/scan';
import type { SearchedAgain } from '../../../protocol/messages/engine';
import type { DefenseReport, Proof, Rate } from '../../../protocol/report/report';
import type { CheckResult } from '../../../protocol/report/review';
import { list, percent, pixels } from '../../../protocol/words';
import { fail, hold } from '../context';
import { near, TOLERANCE_IMAGES } from './tolerance';

/**
 * How far a search may come to another end on another engine: share of a mask's norm, and points of the success of what was found. Native
 * and WASM were within 0.03 % and 0 points on the models of docs/trust.md.
 */
export const TOLERANCE_SEARCH = { norm: 0.1, success: 0.05 } as const;

/** The searches of a report, against the same made again in the committed models. */
export function searchResults(report: DefenseReport, { fault, scan, proof }: SearchedAgain): CheckResult[] {
  if (fault !== null) return refused(report, fault);
  return [
    ...(report.scan && scan ? [sameScan(report.scan, scan, 'input model', 'measure.scan', '/scan')] : []),
    ...(report.proof && proof
      ? [
          sameScan(report.proof.scan, proof.scan, 'defended model', 'measure.proof', '/proof/scan'),
          ...boundedResults(report.proof, proof),
        ]
      : []),
  ];
}

/** A report can't hold what can't be made. */
function refused({ scan, proof }: DefenseReport, fault: string): CheckResult[] {
  return [
    ...(scan
      ? [fail('measure.scan', `The report has a scan of the input model, but it can't be searched: ${fault}`, '/scan')]
      : []),
    ...(proof
      ? [fail('measure.proof', `The report has a proof, but the model can't be searched: ${fault}`, '/proof')]
      : []),
  ];
}

function sameScan(told: ScanResult, here: ScanResult, what: string, id: string, pointer: string): CheckResult {
  const fault = difference(told, here);
  return hold(
    id,
    fault === null,
    {
      good: `The ${what}, scanned again, gives what the report says: ${here.word}.`,
      bad: `The ${what}, scanned again, does not give what the report says: ${fault}.`,
    },
    pointer,
  );
}

/** The first thing in which two scans of one model differ beyond what another engine may change; null for nothing. */
function difference(told: ScanResult, here: ScanResult): string | null {
  if (told.word !== here.word) return `here it is "${here.word}", in the report "${told.word}"`;
  const suspects = [told, here].map((scan) => [...suspectedClasses(scan)].sort((a, b) => a - b));
  if (suspects[0]!.join() !== suspects[1]!.join())
    return `here it suspects ${classWords(suspects[1]!)}, in the report ${classWords(suspects[0]!)}`;
  const { images } = here;
  if (told.images.search !== images.search || told.images.measured !== images.measured)
    return `here it takes ${images.search} and ${images.measured} images, in the report ${told.images.search} and ${told.images.measured}`;
  const [clean, cleanHere] = [told.cleanAccuracy, here.cleanAccuracy];
  if (clean && cleanHere && (clean.of !== cleanHere.of || !near(clean.hits, cleanHere.hits)))
    return `here the model classifies ${ofWords(cleanHere)} of its images as labelled, in the report ${ofWords(clean)}: more than ${TOLERANCE_IMAGES} apart`;
  if (Boolean(told.advice) !== Boolean(here.advice))
    return `here ${here.advice ? 'other settings or labels fit' : 'no other settings or labels fit'} the model better`;
  const methods = [told, here].map(({ evidence }) => evidence.map(methodOf).join(', '));
  if (methods[0] !== methods[1]) return `here it searches by ${methods[1]}, in the report by something else`;
  return maskDifference(told, here);
}

/** Trigger inversion, class by class. */
function maskDifference(told: ScanResult, here: ScanResult): string | null {
  const classes = neuralCleanse(told)?.classes ?? [];
  for (const [at, one] of (neuralCleanse(here)?.classes ?? []).entries()) {
    const other = classes[at];
    if (other?.target !== one.target) return `class ${one.target} is not in the report`;
    for (const key of ['screened', 'norm'] as const)
      if (Math.abs(other[key] - one[key]) > TOLERANCE_SEARCH.norm * Math.max(one[key], 1))
        return `the mask of class ${one.target} has ${pixels(one[key])} here, ${pixels(other[key])} in the report`;
    if (other.success.of !== one.success.of || apart(other.success, one.success))
      return `the trigger of class ${one.target} succeeds on ${ofWords(one.success)} images here, on ${ofWords(other.success)} in the report`;
  }
  return null;
}

/** New triggers that are no larger than those of the input model. */
function boundedResults(told: Proof, here: Proof): CheckResult[] {
  return here.bounded.map(({ target, before, after }) => {
    const at = told.bounded.findIndex((one) => one.target === target);
    const other = told.bounded[at];
    const same =
      other?.before.of === before.of &&
      near(other.before.hits, before.hits) &&
      other.after.of === after.of &&
      !(apart(other.after, after) && (other.after.low > after.high || after.low > other.after.high));
    return hold(
      'measure.proof',
      same,
      {
        good: `A new trigger for class ${target}, searched for again in the defended model, reaches ${percent(after.rate)}.`,
        bad: `A new trigger for class ${target}, searched for again in the defended model, reaches ${ofWords(after)} images (in the input model ${ofWords(before)}); in the report ${other ? `${ofWords(other.after)} (${ofWords(other.before)})` : 'there is none'}.`,
      },
      `/proof/bounded/${Math.max(0, at)}`,
    );
  });
}

const apart = (a: Rate, b: Rate): boolean => Math.abs(a.rate - b.rate) > TOLERANCE_SEARCH.success;
const ofWords = ({ hits, of }: Rate): string => `${hits} of ${of}`;
const classWords = (classes: readonly number[]): string =>
  classes.length === 0 ? 'no class' : list(classes.map((one) => `class ${one}`));
