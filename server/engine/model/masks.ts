import { parameterOf, sizeOf, type Graph } from './graph';
import type { UnitSite } from './model';
import type { Network } from './network/network';
import { planSite } from './units';

/** What a set of pruned units silences: for each parameter that it touches, by id, 0 where a value is held at zero and 1 elsewhere. */
export type Masks = ReadonlyMap<string, Float32Array>;

/**
 * Masks that silence units: each contributes nothing downstream, at inference and in training. Incoming weights, bias and the
 * scale and offset of batch normalisation are held at zero; where that does not bring the unit to exactly 0 (activation(0) ≠ 0, or
 * the unit is a component of a sum) every weight that reads it is too.
 *
 * @param units indices in [0, site.units); repetitions count once
 * @throws FinePruneError `layer.notPrunable` when the units of that layer can't be silenced
 */
export function masksFor(graph: Graph, site: UnitSite, units: readonly number[]): Masks {
  const bad = units.find((u) => !Number.isInteger(u) || u < 0 || u >= site.units);
  if (bad !== undefined) throw new RangeError(`unit ${bad} is not one of the ${site.units} units of ${site.layer}`);
  const pruned = new Set(units);
  const { incoming, outgoing } = planSite(graph, site.layer);
  const masks = new Map<string, Float32Array>();
  const zero = (id: string, isPruned: (index: number) => boolean, axis: number): void => {
    const { shape } = parameterOf(graph, id);
    const mask = masks.get(id) ?? new Float32Array(sizeOf(shape)).fill(1);
    masks.set(id, mask);
    const length = shape.at(axis)!;
    const stride = sizeOf(shape.slice(axis < 0 ? shape.length + axis + 1 : axis + 1));
    for (let i = 0; i < mask.length; i++) if (isPruned(Math.floor(i / stride) % length)) mask[i] = 0;
  };
  for (const id of incoming) zero(id, (index) => pruned.has(index % site.units), -1);
  for (const { parameter, axis, unitOf } of outgoing) zero(parameter, (index) => pruned.has(unitOf[index]!), axis);
  return masks;
}

/** Sets every masked value of a network to zero. */
export function applyMasks(network: Network, masks: Masks): void {
  for (const [id, mask] of masks) {
    // A choice, not a product: 0 · −w would be −0, whose bytes are not those of zero.
    network.write(
      id,
      network.read(id).map((value, i) => (mask[i] === 0 ? 0 : value)),
    );
  }
}
