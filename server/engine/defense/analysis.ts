import { sameView } from '../data/roles';
import type { UnitSite } from '../model/model';
import { sourceOf, type InputSource, type PassOptions } from '../pass/inputs';
import { measure, type Measured } from '../pass/measure';
import type { Subject } from '../pass/subject';

/** Activations of a layer, of the model as it is, on the images that units are ranked by and on the held-out ones. */
export interface Analysis {
  /** On the images of the config's `data.analysis`. */
  readonly analysed: Measured;
  /** Null where no images are held out. */
  readonly holdout: InputSource | null;
  readonly onHoldout: Measured | null;
}

/**
 * Runs only what was not run already: the analysis mostly reads all test images, or all held-out ones.
 * @param onTest activations of the same layer on the test images
 * @param onImages images run so far, held-out ones first
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function analyse(
  { roles }: Pick<Subject, 'roles'>,
  site: UnitSite,
  onTest: Measured,
  pass: PassOptions,
  onImages: (done: number) => void = () => undefined,
): Promise<Analysis> {
  const heldOut = roles.holdout.indices.length;
  const holdout = heldOut ? sourceOf(roles.holdout) : null;
  const onHoldout = holdout && (await measure(holdout, site, { ...pass, onImages }));
  if (sameView(roles.analysis, roles.test)) return { analysed: onTest, holdout, onHoldout };
  if (onHoldout && sameView(roles.analysis, roles.holdout)) return { analysed: onHoldout, holdout, onHoldout };
  const counted = { ...pass, onImages: (n: number) => onImages(heldOut + n) };
  return { analysed: await measure(sourceOf(roles.analysis), site, counted), holdout, onHoldout };
}
