import type { DefenseReport } from '../../../protocol/report/report';
import {
  inversions,
  isNeuralCleanse,
  methodOf,
  type ClassInversion,
  type NeuralCleanseEvidence,
  type ScanResult,
} from '../../../protocol/report/scan';
import { anomalies } from '../../detect/neural-cleanse/anomaly';
import { isComparable, limitsFor, SCAN } from '../../detect/neural-cleanse/settings';
import { DETECTORS } from '../../detect/registry';
import { MOST_ESTIMATE_BYTES } from '../../detect/reported';
import { formerVersion } from '../../../protocol/report/former';
import { countsOfRun } from '../../detect/scan-counts';
import type { Tell } from './consistency';
import { adviceProblems } from './advice';
import { rateProblems } from './metrics';
import { decidedAgain } from './own-words';
import { percent } from '../../../protocol/words';

/** What a report rounds to: six decimals of what may be a large number, nine digits of a norm. */
const NEAR_SHARE = 2e-6;
const NEAR_NORM = 1e-8;

/** The scan of the input model and the one of the repaired model, each worked out again from its norms, bytes and counts. */
export function scanProblems(report: DefenseReport, tell: Tell): void {
  const { scan, attempts, proof } = report;
  if (!guided(report)) {
    // A proof may be there: of a reference recipe that brought the trigger within its gate.
    for (const [name, part] of [
      ['scan', scan],
      ['attempts', attempts],
    ] as const) {
      if (part)
        tell.problem(
          name,
          `/${name}`,
          `\`/${name}\` is present, but the config asks for the reference recipe, which has none.`,
        );
    }
  }
  const sameWords = formerVersion(report) === null;
  for (const [part, pointer] of [
    [scan, '/scan'],
    [proof?.scan, '/proof/scan'],
  ] as const) {
    if (!part) continue;
    scanContradictions(part, pointer, sameWords, tell);
    measuredProblems(part, pointer, report, sameWords, tell);
    if (sameWords)
      estimateProblems(part, pointer, report, pointer === '/scan' ? report.trigger?.target : undefined, tell);
  }
}

/** Whether the config asks for more than the reference recipe. */
function guided({ provenance: { config } }: DefenseReport): boolean {
  return config.strategy !== undefined || config.trigger?.kind === 'inverted';
}

/**
 * What in a scan does not follow from its own norms, bytes and counts.
 * @param sameWords whether this version wrote it: only then its limits and sentence are known
 */
export function scanContradictions(scan: ScanResult, pointer: string, sameWords: boolean, tell: Tell): void {
  scan.evidence.forEach((one, at) => {
    if (isNeuralCleanse(one)) maskProblems(one, scan, `${pointer}/evidence/${at}`, sameWords, tell);
  });
  methodProblems(scan, `${pointer}/evidence`, tell);
  accuracyProblems(scan, pointer, tell);
  decisionProblems(scan, pointer, sameWords, tell);
  if (scan.advice) adviceProblems(scan.advice, scan.images, `${pointer}/advice`, sameWords, tell);
}

/** A scan that searched has evidence by every method of this version, and by no other: what that found could not be worked out again. */
function methodProblems({ evidence }: ScanResult, pointer: string, tell: Tell): void {
  if (evidence.length === 0) return;
  const known = DETECTORS.map(({ method }) => method);
  const named = evidence.map(methodOf);
  named.forEach((method, at) => {
    if (!known.includes(method))
      tell.problem(
        'scan',
        `${pointer}/${at}/method`,
        `The method ${JSON.stringify(method.slice(0, 60))} is not one of this version (${known.join(', ')}), so what it found can't be checked.`,
      );
  });
  for (const method of known.filter((one) => !named.includes(one)))
    tell.problem('scan', pointer, `Evidence by ${method} is missing, which every scan has that searched.`);
}

/** Word, suspects and sentence, against those that the evidence gives. */
function decisionProblems(scan: ScanResult, pointer: string, sameWords: boolean, tell: Tell): void {
  const decision = decidedAgain(scan);
  const classes = (suspects: ScanResult['suspects']): string =>
    suspects.map(({ target, source }) => (source === undefined ? target : `${source} to ${target}`)).join(', ');
  tell.same(
    'scan',
    `${pointer}/suspects`,
    classes(scan.suspects),
    classes(decision.suspects),
    'the suspected classes, the most suspicious first, are',
  );
  scan.suspects.forEach((one, at) => {
    const wanted = decision.suspects[at];
    if (wanted && sameWords)
      near(
        wanted.score,
        one.score,
        NEAR_SHARE * Math.max(1, wanted.score),
        `${pointer}/suspects/${at}/score`,
        'the evidence gives',
        tell,
      );
    if (wanted)
      tell.same(
        'scan',
        `${pointer}/suspects/${at}/methods`,
        one.methods.join(', '),
        wanted.methods.join(', '),
        'the methods that suspect it are',
      );
  });
  tell.same('scan', `${pointer}/word`, scan.word, decision.word, 'the evidence gives');
  if (sameWords) tell.same('scan', `${pointer}/sentence`, scan.sentence, decision.sentence, 'the figures give');
}

/** The table of trigger inversion, worked out again. */
function maskProblems(
  { classes, limits, medianNorm }: NeuralCleanseEvidence,
  { images, searched }: ScanResult,
  pointer: string,
  sameWords: boolean,
  tell: Tell,
): void {
  const comparable = isComparable(classes.length, searched);
  const { median, shares, indices } =
    classes.length > 0 ? anomalies(classes.map(({ screened }) => screened)) : { median: 0, shares: [], indices: [] };
  near(median, medianNorm, NEAR_NORM * median, `${pointer}/medianNorm`, 'the median of the screened norms is', tell);
  if (sameWords) {
    const wanted = limitsFor(searched?.of ?? classes.length);
    for (const key of ['index', 'share'] as const)
      tell.same('scan', `${pointer}/limits/${key}`, limits[key], wanted[key], 'the limit of a scan is');
  }
  classes.forEach((one, at) => {
    const place = `${pointer}/classes/${at}`;
    near(
      shares[at]!,
      one.share,
      NEAR_SHARE * Math.max(1, shares[at]!),
      `${place}/share`,
      'its screened norm divided by the median is',
      tell,
    );
    near(
      indices[at]!,
      one.anomalyIndex,
      NEAR_SHARE * Math.max(1, Math.abs(indices[at]!)),
      `${place}/anomalyIndex`,
      'the screened norms give',
      tell,
    );
    rateProblems(one.success, `${place}/success`, tell);
    if (one.success.of > images.measured)
      tell.problem(
        'scan',
        `${place}/success/of`,
        `\`${place}/success/of\` is ${one.success.of}, but ${images.measured} images were measured.`,
      );
    if (one.estimate) {
      const norm = normOf(one.estimate.mask);
      near(norm, one.norm, NEAR_NORM * Math.max(1, norm), `${place}/norm`, 'the bytes of its mask sum to', tell);
    }
    flagProblems(one, limits, comparable, place, tell);
  });
}

/** Of all images of the scan; and of a model that is better than guessing, where something was searched. */
function accuracyProblems(scan: ScanResult, pointer: string, tell: Tell): void {
  const { cleanAccuracy, evidence, images, searched } = scan;
  const place = `${pointer}/cleanAccuracy`;
  if (!cleanAccuracy) {
    if (evidence.length === 0) tell.problem('scan', place, 'Nothing was searched, but no clean accuracy says why.');
    return;
  }
  rateProblems(cleanAccuracy, place, tell);
  tell.same(
    'scan',
    `${place}/of`,
    cleanAccuracy.of,
    images.search + images.measured,
    'the number of images of the scan is',
  );
  // Guessing is right on at least so many: the largest class has no less than its part of the images.
  const classes = searched?.of ?? inversions(scan).length;
  const least = 1 / classes;
  if (classes > 0 && evidence.length > 0 && cleanAccuracy.rate < least + 0.1 * (1 - least))
    tell.problem(
      'scan',
      `${place}/rate`,
      `The model classifies ${percent(cleanAccuracy.rate)} of the images as labelled, hardly better than guessing: nothing can be found in it.`,
    );
}

/** As many images as a run takes for its scans. */
function measuredProblems(
  { images }: ScanResult,
  pointer: string,
  { data }: DefenseReport,
  exact: boolean,
  tell: Tell,
): void {
  const counts = countsOfRun(data.fineTune.images, data.holdout.images);
  for (const key of ['search', 'measured'] as const) {
    if (exact) tell.same('scan', `${pointer}/images/${key}`, images[key], counts[key], 'a run takes');
    else if (images[key] > counts[key])
      tell.problem(
        'scan',
        `${pointer}/images/${key}`,
        `${images[key]} images were taken, but there are ${counts[key]} to take.`,
      );
  }
}

/** Estimates are left out where pictures of all classes would be too large, and of classes that matter never. */
function estimateProblems(
  scan: ScanResult,
  pointer: string,
  { data }: DefenseReport,
  wanted: number | undefined,
  tell: Tell,
): void {
  const [height, width, channels] = data.shape;
  const size = base64Length(height * width) + base64Length(height * width * channels);
  scan.evidence.forEach((one, at) => {
    if (!isNeuralCleanse(one)) return;
    const all = one.classes.length * size <= MOST_ESTIMATE_BYTES;
    one.classes.forEach(({ estimate, target }, place) => {
      if (estimate === null && (all || target === wanted))
        tell.problem(
          'scan',
          `${pointer}/evidence/${at}/classes/${place}/estimate`,
          `The estimated trigger of class ${target} is missing.`,
        );
    });
  });
}

const base64Length = (bytes: number): number => 4 * Math.ceil(bytes / 3);

/** A class is flagged exactly when there are enough to compare it with, both limits say so and its trigger takes enough images that it was not searched on. */
function flagProblems(
  { target, flagged, anomalyIndex, share, success, estimate }: ClassInversion,
  limits: NeuralCleanseEvidence['limits'],
  comparable: boolean,
  place: string,
  tell: Tell,
): void {
  const standsOut =
    comparable && anomalyIndex > limits.index && share < limits.share && success.rate >= SCAN.leastSuccess;
  if (flagged !== standsOut) {
    const figures = `anomaly index ${anomalyIndex}, ${share} of the median, success ${success.rate}`;
    tell.problem(
      'scan',
      `${place}/flagged`,
      `Class ${target} ${flagged ? 'is flagged' : 'is not flagged'}, but its figures (${figures}) ${standsOut ? 'make it suspicious' : 'do not make it suspicious'}.`,
    );
  }
  if (flagged && !estimate)
    tell.problem('scan', `${place}/estimate`, `Class ${target} is flagged, but its estimated trigger is missing.`);
}

function near(expected: number, found: number, slack: number, pointer: string, why: string, tell: Tell): void {
  if (Math.abs(found - expected) > slack) tell.same('scan', pointer, found, Number(expected.toPrecision(7)), why);
}

/** Norm in pixels of a mask in base64 bytes. */
function normOf(mask: string): number {
  return Buffer.from(mask, 'base64').reduce((sum, byte) => sum + byte, 0) / 255;
}
