import { count } from '../../../protocol/words';
/** What a sentence about a unit rests on. */
export interface UnitFigures {
  word: 'neuron' | 'channel';
  /** Pruned in the model that is looked at. */
  pruned: boolean;
  /** Constant over all clean images. */
  dead: boolean;
  /** Number of clean images. */
  images: number;
  cleanMean: number;
  /** Share of clean images on which it fires, in [0, 1]. */
  cleanFires: number;
  triggered: {
    mean: number;
    fires: number;
    /** Whether any of these inputs takes a dead unit away from its constant. */ woken: boolean;
  } | null;
  /** Target class of the trigger. */
  target: number | null;
  /** Whether the trigger was estimated from the model: the sentence then says so. */
  estimated: boolean;
  /** Weight to each class's logit; null when it does not feed the classifier. */
  outgoing: Float32Array | null;
}

/** A rise from clean to triggered inputs that is worth a word: to one and a half times the mean. */
const RAISED = 1.5;

/** What the figures of one unit say, in one to three short sentences. It describes; it does not judge. */
export function unitSentence(figures: UnitFigures): string {
  return [activity(figures), effect(figures)].filter(Boolean).join(' ');
}

function activity({ word, pruned, dead, images, cleanMean, cleanFires, triggered, estimated }: UnitFigures): string {
  const trigger = estimated ? 'the estimated trigger' : 'the trigger';
  if (pruned) return `Pruned: this ${word} contributes nothing.`;
  if (dead) {
    const constant = `Dead: constant at ${short(cleanMean)} on all ${count(images)} clean images`;
    if (triggered === null) return `${constant}.`;
    if (!triggered.woken) return `${constant}; ${trigger} does not wake it either.`;
    const how =
      cleanMean === 0 && triggered.fires > 0
        ? `it fires on ${percent(triggered.fires)} of triggered inputs, with a mean of ${short(triggered.mean)}`
        : `its mean on triggered inputs is ${short(triggered.mean)}`;
    return `${constant}, but ${trigger} wakes it: ${how}.`;
  }
  if (triggered === null) return `Fires on ${percent(cleanFires)} of clean inputs, with a mean of ${short(cleanMean)}.`;
  const fires = `Fires on ${percent(triggered.fires)} of triggered and ${percent(cleanFires)} of clean inputs`;
  return `${fires}${comparison(cleanMean, triggered, trigger)}.`;
}

function comparison(
  clean: number,
  { mean: triggered, fires }: NonNullable<UnitFigures['triggered']>,
  trigger: string,
): string {
  if (clean > 0 && triggered === 0 && fires === 0) return `: ${trigger} silences it`;
  if (clean > 0 && triggered > clean * RAISED)
    return `: its mean is ${times(triggered / clean)} higher with ${trigger}`;
  if (triggered > 0 && clean > triggered * RAISED)
    return `: its mean is ${times(clean / triggered)} lower with ${trigger}`;
  if (Math.abs(triggered - clean) < 0.1 * Math.abs(clean)) return `: ${trigger} hardly moves its mean`;
  return `: its mean goes from ${short(clean)} to ${short(triggered)} with ${trigger}`;
}

/** Where a unit that the trigger raises pushes the prediction. */
function effect({ pruned, cleanMean, triggered, target, outgoing, word }: UnitFigures): string {
  if (
    pruned ||
    !outgoing ||
    !triggered ||
    target === null ||
    triggered.mean <= cleanMean * RAISED ||
    triggered.mean <= 0
  )
    return '';
  const most = outgoing.reduce((best, weight, c) => (weight > outgoing[best]! ? c : best), 0);
  if (outgoing[most]! <= 0) return 'It pushes against every class.';
  return most === target
    ? `It pushes class ${target}, the target, most.`
    : `It pushes class ${most} most, not the target ${target}; this ${word}'s weight to the target is ${short(outgoing[target]!)}.`;
}

/** Whole per cent, but never 0 % or 100 % for what is not quite none or all. */
function percent(share: number): string {
  if (share > 0 && share < 0.01) return `${(share * 100).toPrecision(1)} %`;
  if (share > 0.99 && share < 1) return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
  return `${Math.round(share * 100)} %`;
}

const times = (factor: number): string =>
  factor >= 1000 ? 'over 1,000 times' : `${factor >= 9.95 ? Math.round(factor) : factor.toFixed(1)} times`;
const short = (value: number): string => (value === 0 ? '0' : String(Number(value.toPrecision(3))));
