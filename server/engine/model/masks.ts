import * as tf from '@tensorflow/tfjs-core';
import type { Masks, OpenModel, UnitSite } from './model';
import { variableOf } from './net';
import { planSite } from './units';

/**
 * Masks that silence units: each contributes nothing downstream, at inference and in training. Incoming weights, bias and the
 * gamma and beta of BatchNormalization are held at zero; where that does not bring the unit to exactly 0 (activation(0) ≠ 0, or
 * the unit is a component of a sum) every weight that reads it is too. Nothing changes until `apply()`.
 *
 * @param units indices in [0, site.units); repetitions count once
 * @throws FinePruneError `layer.notPrunable` when the units of that layer can't be silenced
 */
export function masksFor(model: OpenModel, site: UnitSite, units: readonly number[]): Masks {
  const bad = units.find((u) => !Number.isInteger(u) || u < 0 || u >= site.units);
  if (bad !== undefined) throw new RangeError(`unit ${bad} is not one of the ${site.units} units of ${site.layer}`);
  const pruned = new Set(units);
  const { incoming, outgoing } = planSite(model.graph, site.layer);
  const masks = new Map<tf.Variable, Float32Array>();
  const zero = (layer: string, weight: string, isPruned: (index: number) => boolean, axis: number): void => {
    const variable = variableOf(model.net, model.graph.byName.get(layer)!, weight);
    const mask = masks.get(variable) ?? new Float32Array(variable.size).fill(1);
    masks.set(variable, mask);
    const at = axis < 0 ? variable.rank + axis : axis;
    const length = variable.shape[at]!;
    const stride = variable.shape.slice(at + 1).reduce((a, b) => a * b, 1);
    for (let i = 0; i < mask.length; i++) if (isPruned(Math.floor(i / stride) % length)) mask[i] = 0;
  };
  for (const { layer, weight } of incoming) zero(layer, weight, (index) => pruned.has(index % site.units), -1);
  for (const { layer, weight, axis, unitOf } of outgoing)
    zero(layer, weight, (index) => pruned.has(unitOf[index]!), axis);

  const entries = [...masks].map(([variable, mask]) => ({
    variable,
    mask: tf.tensor(mask, variable.shape) as tf.Tensor,
  }));
  return {
    entries,
    // A choice, not a product: 0 · −w would be −0, whose bytes are not those of zero.
    apply: () =>
      tf.tidy(() =>
        entries.forEach(({ variable, mask }) =>
          variable.assign(tf.where(tf.cast(mask, 'bool'), variable, tf.zerosLike(variable))),
        ),
      ),
    dispose: () => tf.dispose(entries.map((e) => e.mask)),
  };
}
