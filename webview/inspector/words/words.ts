import type { Failure } from '../../../server/protocol/errors';
import type { Example, LayerData, MaskData, Overview, ReportState } from '../../../server/protocol/messages/inspect';
import type { Rate } from '../../../server/protocol/report/report';
import { triggeredNote } from '../../ui/charts/figure';
import { formatNumber } from '../../ui/format';
import { count, percent, percentDone, pixels, plural, unitWord, pointsChange } from '../../../server/protocol/words';

/**
 * A rate beside its change: always two decimals, `98.87 %`, so that a change of 0.02 points is seen and figures keep their place while
 * the slider moves. Like `percent` it never rounds to none or all.
 */
export function rateText(share: number): string {
  const fixed = (share * 100).toFixed(2);
  return share !== 0 && share !== 1 && (fixed === '0.00' || fixed === '100.00') ? percent(share) : `${fixed} %`;
}

/** `25 of 128 neurons pruned (19.5 %)`. */
export function countText(chosen: number, { units, layerKind }: Pick<LayerData, 'units' | 'layerKind'>): string {
  return `${count(chosen)} of ${plural(units, unitWord(layerKind))} pruned (${percent(units ? chosen / units : 0)})`;
}

/** Clean accuracy, attack success and what goes to the target without the trigger, each with what pruning changed; null without a trigger. */
export interface Figures {
  clean: number;
  cleanChange: number;
  attack: number | null;
  attackChange: number | null;
  base: number | null;
  baseChange: number | null;
}

/** What a measured mask says, against nothing pruned. */
export function maskFigures({ masked, unmasked }: MaskData): Figures {
  const attack = masked.attackSuccessRate &&
    unmasked.attackSuccessRate && {
      rate: masked.attackSuccessRate.rate,
      change: masked.attackSuccessRate.rate - unmasked.attackSuccessRate.rate,
    };
  const base = masked.baseRate &&
    unmasked.baseRate && { rate: masked.baseRate.rate, change: masked.baseRate.rate - unmasked.baseRate.rate };
  return {
    clean: masked.cleanAccuracy.rate,
    cleanChange: masked.cleanAccuracy.rate - unmasked.cleanAccuracy.rate,
    attack: attack && attack.rate,
    attackChange: attack && attack.change,
    base: base && base.rate,
    baseChange: base && base.change,
  };
}

/** What the curve says at one of its points, against nothing pruned. */
export function curveFigures({ curve }: LayerData, at: number): Figures {
  const clean = curve.correct[at]! / curve.images;
  const share = (i: number): number | null =>
    curve.successful && curve.triggeredImages ? curve.successful[i]! / curve.triggeredImages : null;
  const [attack, first] = [share(at), share(0)];
  return {
    clean,
    cleanChange: clean - curve.correct[0]! / curve.images,
    attack,
    attackChange: attack === null || first === null ? null : attack - first,
    base: curve.base && curve.base[at]!,
    baseChange: curve.base && curve.base[at]! - curve.base[0]!,
  };
}

/** What was measured, in one line: `10,000 clean and 9,020 triggered images`. */
export function measuredText({ images, trigger }: Pick<Overview, 'images' | 'trigger'>): string {
  const clean = `${count(images.analysis)} clean${images.analysisRole === 'holdout' ? ' held-out' : ''}`;
  if (!trigger || images.triggered === null) return `${clean} images`;
  return isEstimated({ trigger })
    ? `${clean} images and ${count(images.triggered)} with the estimated trigger`
    : `${clean} and ${count(images.triggered)} triggered images`;
}

/** Whether the trigger was estimated from the model: then what is shown on it says so. */
export const isEstimated = ({ trigger }: Pick<Overview, 'trigger'>): boolean => trigger?.kind === 'inverted';

/** What was estimated, and whether that is more than a guess. */
export function estimateText({ trigger, search }: Pick<Overview, 'trigger' | 'search'>): string {
  if (!trigger || !search?.taken) return '';
  const { norm, success, flagged } = search.taken;
  const found = `Class ${trigger.target}: a mask of ${pixels(norm)} sends ${percent(success.rate)} of other images to it.`;
  return flagged
    ? `${found} Every figure with the trigger uses this estimate.`
    : `${found} The class is named in the config; the scan does not find it suspicious.`;
}

/** What the success of the trigger is called. */
export const asrText = (estimated: boolean): string => `attack success rate${triggeredNote(estimated)}`;

/** What the success has to be read against: the target's share of the same images without the trigger. */
export const BASE_TEXT = 'base rate (no trigger)';

/** For people who do not see that a layer is there. */
export function analysedText({ layer, layerKind, units, state, images }: LayerData): string {
  return `${layer}${state === 'after' ? ' after the defense' : ''}: ${plural(units, unitWord(layerKind))}, analysed on ${count(images.analysed)} clean images.`;
}

/** Where not all images were analysed. */
export function subsetText({ images, triggeredImages }: LayerData): string | null {
  const parts: string[] = [];
  if (images.analysed < images.available)
    parts.push(`${count(images.analysed)} of ${count(images.available)} clean images`);
  if (triggeredImages && triggeredImages.analysed < triggeredImages.available)
    parts.push(`${count(triggeredImages.analysed)} of ${count(triggeredImages.available)} triggered images`);
  return parts.length
    ? `This layer is too large to keep all activations: analysed on ${parts.join(' and ')}, drawn at random with the config’s seed.`
    : null;
}

/** Where the curve rests on fewer images than there are. */
export function curveBasis({ curve }: Pick<LayerData, 'curve'>): string | null {
  if (!curve.subset) return null;
  return `On ${count(curve.images)} clean${curve.triggeredImages === null ? '' : ` and ${count(curve.triggeredImages)} triggered`} images, drawn at random with the config’s seed.`;
}

/** `98.85 % (−0.04)`, with its interval where it rests on a subset. */
export function maskedRate(masked: Rate, unmasked: Rate, subset: boolean): string {
  const interval = subset ? `, 95 % interval ${rateText(masked.low)} to ${rateText(masked.high)}` : '';
  return `${rateText(masked.rate)} (${pointsChange(masked.rate - unmasked.rate)}${interval})`;
}

/** What an own mask does, in one sentence. */
export function maskText({ units, masked, unmasked, subset }: MaskData, word: string, estimated = false): string {
  const attack =
    masked.attackSuccessRate && unmasked.attackSuccessRate
      ? `, ${asrText(estimated)} ${maskedRate(masked.attackSuccessRate, unmasked.attackSuccessRate, subset)}`
      : '';
  const base =
    masked.baseRate && unmasked.baseRate
      ? `, ${BASE_TEXT} ${maskedRate(masked.baseRate, unmasked.baseRate, subset)}`
      : '';
  return `${plural(units, word)} pruned: clean accuracy ${maskedRate(masked.cleanAccuracy, unmasked.cleanAccuracy, subset)}${attack}${base}; before fine-tuning.`;
}

/** The same for people who do not see it. */
export const maskSummary = (mask: MaskData, estimated = false): string =>
  `Custom mask: ${maskedText(mask, estimated)}.`;

/** What the config's own units do, for people who do not see it. */
export const plannedSummary = (mask: MaskData, estimated = false): string =>
  `What the config prunes: ${maskedText(mask, estimated)}.`;

function maskedText({ masked: { cleanAccuracy, attackSuccessRate, baseRate } }: MaskData, estimated: boolean): string {
  return `clean accuracy ${rateText(cleanAccuracy.rate)}${attackSuccessRate ? `, ${asrText(estimated)} ${rateText(attackSuccessRate.rate)}` : ''}${baseRate ? `, ${BASE_TEXT} ${rateText(baseRate.rate)}` : ''}`;
}

/** `On 500 of 10,000 images, refining …`; null for an answer on all images. */
export function maskBasis(
  { subset, masked }: MaskData,
  available: number,
  refining: { overall: number } | null,
): string | null {
  if (!subset) return null;
  const progress = refining && refining.overall > 0 ? ` ${percentDone(refining.overall)}` : '';
  return `On ${count(masked.cleanAccuracy.of)} of ${count(available)} clean images${refining ? `, refining …${progress}` : ''}`;
}

export type Fate = 'attacked' | 'resisted' | 'recovered' | 'still attacked' | 'changed';

/** What became of one triggered example. */
export function fateOf({ label, before, after }: Example, target: number): Fate {
  const attackedBefore = before.triggered === target;
  if (!after) return attackedBefore ? 'attacked' : before.triggered === label ? 'resisted' : 'changed';
  if (after.triggered === target) return 'still attacked';
  if (after.triggered === label) return attackedBefore ? 'recovered' : 'resisted';
  return 'changed';
}

export const FATES: Record<Fate, { icon: string; text: string }> = {
  attacked: { icon: 'error', text: 'attacked' },
  'still attacked': { icon: 'error', text: 'still attacked' },
  recovered: { icon: 'pass', text: 'recovered' },
  resisted: { icon: 'pass', text: 'right' },
  changed: { icon: 'warning', text: 'wrong in another way' },
};

/** The way of one triggered example in words: `class 7, with the trigger taken for 0, after the defense for 7`. */
export function pathText({ label, before, after }: Example, estimated = false): string {
  const clean = before.clean === label ? '' : ` (classified as ${before.clean} without the trigger)`;
  return `class ${label}${clean}, classified as ${before.triggered} with the ${estimated ? 'estimated ' : ''}trigger${after ? `, as ${after.triggered} after the defense` : ''}`;
}

/** Examples by what became of them, the most frequent first: `Of these 10: 9 recovered, 1 still attacked.` */
export function fatesText(examples: readonly Example[], target: number): string {
  const counts = new Map<Fate, number>();
  for (const example of examples) {
    const fate = fateOf(example, target);
    counts.set(fate, (counts.get(fate) ?? 0) + 1);
  }
  const parts = [...counts].sort((a, b) => b[1] - a[1]).map(([fate, n]) => `${n} ${FATES[fate].text}`);
  return parts.length === 1 ? `All ${parts.join('')}.` : `Of these ${examples.length}: ${parts.join(', ')}.`;
}

/** Why the defended model can't be looked at; null when it can. */
export function whyNoAfter(report: ReportState | null): string | null {
  if (!report) return 'There is no report yet: running the defense creates the defended model.';
  if (report.after) return null;
  return 'The defended model is missing, or it is not the one that the report measured.';
}

/** A failure in words: what is wrong, and what to do. */
export const failureText = ({ message, todo }: Failure): string => [message, todo].filter(Boolean).join(' ');

/** Where the person's own files are at fault; null where they are not. */
export const faultyPlace = ({ kind, file, place }: Failure): string | null =>
  kind === 'input' && file ? `${file}${place ? `, ${place}` : ''}` : null;

/** A name of a layer as part of the name of a file. */
export const fileName = (...parts: (string | number)[]): string =>
  parts
    .join('-')
    .replace(/[^\w-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 100);

/**
 * Writes the numbers of one column with as many decimals as its largest needs for four digits, so that they stand below one another:
 * `4.697` and `0.634`. What is not zero is never written as zero.
 */
export function aligned(largest: number): (value: number) => string {
  const decimals = largest > 0 ? Math.max(0, Math.min(6, 3 - Math.floor(Math.log10(largest)))) : 3;
  return (value) => {
    const fixed = value.toFixed(decimals);
    return value !== 0 && Number(fixed) === 0 ? formatNumber(value) : value === 0 ? '0' : fixed.replace('-', '−');
  };
}

/** A share in few characters, its per cent sign left out: `57`, `99.8`, `0.06`. */
export function shortShare(share: number): string {
  const exact = share * 100;
  if (exact === 0 || exact === 100 || (exact >= 1 && exact <= 99)) return String(Math.round(exact));
  // Neither none nor all: cut off, not rounded, towards all.
  return exact > 99 ? (Math.floor(exact * 10) / 10).toFixed(1) : String(Number(exact.toPrecision(1)));
}
