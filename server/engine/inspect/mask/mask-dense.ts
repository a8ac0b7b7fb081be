import { allIndices } from '../../data/roles';
import { drawn } from '../../data/random';
import { turn } from '../../pass/inputs';
import { denseTail } from '../../pruning/curve';
import type { Analysed } from '../analyse';
import type { LayerState } from '../layer-state';
import type { BothJudged, Judged } from './mask';

/** Multiply-adds of a quick answer: about 0.1 s. Counted, never timed, so that every machine takes the same subset. */
const QUICK_WORK = 60e6;
/** However many units and classes there are, an answer rests on so many inputs of each kind. */
const FEWEST = 500;

/** Multiply-adds between two looks at the signal: some 20 ms. */
const PIECE = 1e7;

/**
 * A mask of a layer that feeds the classifier, from cached activations: an input's logits less what the pruned units add to them,
 * or bias plus what is left, whichever is less work. In float64, as the pruning curve.
 * @throws FinePruneError of kind `cancelled`
 */
export async function fromActivations(
  held: LayerState,
  units: Int32Array,
  scope: 'quick' | 'full',
  signal: AbortSignal,
): Promise<BothJudged> {
  const { model, site, test, triggered, subject } = held;
  const { kernel, bias, classes } = denseTail(model, site);
  const pruned = new Uint8Array(site.units);
  for (const unit of units) pruned[unit] = 1;
  const subtract = units.length <= site.units / 2;
  const touched = Int32Array.from([...pruned.keys()].filter((unit) => (pruned[unit] === 1) === subtract));
  const each = classes * (touched.length + 1);
  const fits = Math.max(FEWEST, Math.floor(QUICK_WORK / (triggered ? 2 : 1) / each));
  const piece = Math.max(1, Math.floor(PIECE / each));

  const judged = async (set: Analysed): Promise<Judged> => {
    const { activations, source } = set;
    const logits = set.logits!;
    const positions =
      scope === 'quick' && fits < source.count
        ? drawn(allIndices(source.count), fits, subject.config.seed, 'mask')
        : null;
    const unmasked = picked(set.predicted, positions);
    const labels = picked(source.labels, positions);
    // Nothing pruned changes nothing, not even where float32 and float64 disagree about two equal classes.
    if (units.length === 0) return { labels, masked: unmasked, unmasked };
    const masked = new Int32Array(labels.length);
    const sum = new Float64Array(classes);
    for (let r = 0; r < masked.length; r++) {
      if (r % piece === piece - 1) await turn(signal);
      const i = positions ? positions[r]! : r;
      for (let c = 0; c < classes; c++) sum[c] = subtract ? logits[i * classes + c]! : bias[c]!;
      for (const unit of touched) {
        const value = activations[i * site.units + unit]!;
        if (value === 0) continue;
        const a = subtract ? -value : value;
        for (let c = 0; c < classes; c++) sum[c]! += a * kernel[unit * classes + c]!;
      }
      let best = 0;
      for (let c = 1; c < classes; c++) if (sum[c]! > sum[best]!) best = c;
      masked[r] = best;
    }
    return { labels, masked, unmasked };
  };
  return { clean: await judged(test), triggered: triggered && (await judged(triggered)) };
}

/** The values at some positions; at all of them for null. */
export function picked(values: Int32Array, positions: Int32Array | null): Int32Array {
  return positions ? positions.map((p) => values[p]!) : values;
}
