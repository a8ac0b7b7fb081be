import { cleanConfusion, labelCounts } from '../../../protocol/report/confusion';
import type { DefenseReport, UnitActivation } from '../../../protocol/report/report';
import type { Tell } from './consistency';
import { sum } from './metrics';

/** The analysed layer: whether the activations of each unit can be true together. */
export function layerProblems({ layer, data, trigger, confusion }: DefenseReport, tell: Tell): void {
  tell.same('layer', '/layer/images', layer.images, data.analysis.images, '`/data/analysis/images` is');
  const dead = new Set(layer.dead);
  if (layer.dead.some((u, at) => at > 0 && u < layer.dead[at - 1]!))
    tell.problem('layer', '/layer/dead', '`/layer/dead` is not in ascending order.');
  const onTest = data.analysis.role === 'test' && data.analysis.images === data.test.images;
  const classImages = onTest ? labelCounts(cleanConfusion({ confusion: confusion.before })) : null;
  layer.activations.forEach((unit, u) => {
    const pointer = `/layer/activations/${u}`;
    if ((unit.triggeredMean === null) !== (trigger === null))
      tell.problem(
        'trigger',
        `${pointer}/triggeredMean`,
        `\`${pointer}\` must have triggered activations exactly when there is a trigger.`,
      );
    const fault = unitFault(
      unit,
      layer.classMeans[u] ?? [],
      dead.has(u),
      layer.images,
      trigger?.inputs ?? 0,
      classImages,
    );
    if (fault) tell.problem('layer', pointer, `Unit ${u} of the layer ${fault}.`);
  });
}

/** What can't be true of one unit; null when nothing is wrong. */
function unitFault(
  unit: UnitActivation,
  perClass: readonly number[],
  dead: boolean,
  images: number,
  triggered: number,
  classImages: number[] | null,
): string | null {
  const { cleanMean, cleanMeanAbs, cleanFires, triggeredFires, triggeredMean } = unit;
  const slack = 1e-6 * cleanMeanAbs;
  if (Math.abs(cleanMean) > cleanMeanAbs + slack)
    return `has a mean of ${cleanMean} but a mean absolute value of ${cleanMeanAbs}`;
  if (cleanMeanAbs === 0 && !dead) return 'is 0 on every clean image but is not among the dead';
  if (cleanMeanAbs === 0 && cleanFires > 0) return 'fires although it is 0 on every clean image';
  if (cleanMean > slack && cleanFires === 0) return `has a mean of ${cleanMean} but fires on no image`;
  if ((triggeredMean ?? 0) > 0 && triggeredFires === 0)
    return `has a mean of ${triggeredMean} on triggered inputs but fires on none of them`;
  if (!isCount(cleanFires, images))
    return `fires on ${cleanFires} of ${images} clean images, which is not a whole number`;
  if (triggeredFires !== null && !isCount(triggeredFires, triggered))
    return `fires on ${triggeredFires} of ${triggered} triggered inputs, which is not a whole number`;
  if (dead && cleanFires !== 0 && cleanFires !== 1)
    return `is constant over the clean images but fires on a share of ${cleanFires} of them`;
  if (dead && perClass.some((mean) => mean !== 0 && Math.abs(mean - cleanMean) > slack))
    return 'is among the dead, which are constant, but its mean differs from class to class';
  if (classImages && perClass.length > 0) {
    const mean = sum(perClass.map((m, label) => m * classImages[label]!)) / sum(classImages);
    if (Math.abs(mean - cleanMean) > slack + 1e-12)
      return `has a mean of ${cleanMean}, but the means by class give ${Number(mean.toPrecision(6))}`;
  }
  return null;
}

/** Whether a share, rounded to six decimals, is a whole number of `of`. */
function isCount(share: number, of: number): boolean {
  const count = share * of;
  return Math.abs(count - Math.round(count)) <= of * 0.51e-6 + 1e-9;
}
