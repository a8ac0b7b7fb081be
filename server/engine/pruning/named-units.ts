import type { ResolvedConfig } from '../../protocol/config/config';
import { badInput } from '../../protocol/errors';
import type { UnitSite } from '../model/model';
import { pruneCount } from '../../protocol/config/pruning';

/**
 * Refuses units that the layer does not have. For the beginning of a run: nothing else about them can be wrong later.
 * @throws FinePruneError `prune.unitOutOfRange` at `/prune/units`
 */
export function checkNamedUnits(
  { units = [] }: ResolvedConfig['prune'],
  site: Pick<UnitSite, 'layer' | 'units'>,
): void {
  const beyond = units.filter((unit) => unit >= site.units);
  if (beyond.length === 0) return;
  const others = beyond.length > 1 ? `, nor ${beyond.length - 1} more of those named` : '';
  throw badInput(
    'prune.unitOutOfRange',
    `Layer "${site.layer}" has no unit ${beyond[0]}${others}: its ${site.units} units are 0 to ${site.units - 1}.`,
    {
      place: '/prune/units',
      todo: 'Remove what is out of range from `prune.units`, or name the layer you meant in `layer`.',
    },
  );
}

/**
 * The units that a run prunes: those that the config names, ascending, or else the first of `order`, as many as `ratio` says.
 *
 * @param order all units of the layer, the first to be pruned first
 * @param withinLimit for `auto`: the largest number within the accuracy limit; null without held-out images
 */
export function chosenUnits(
  { ratio, units }: ResolvedConfig['prune'],
  order: Int32Array,
  withinLimit: number | null,
): Int32Array {
  if (units) return Int32Array.from(units);
  // Only named units go without a ratio, and only a config with held-out images may ask for `auto`.
  return order.subarray(0, ratio === 'auto' ? withinLimit! : pruneCount(ratio!, order.length));
}
