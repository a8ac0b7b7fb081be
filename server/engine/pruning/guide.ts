import { drawn } from '../data/random';
import { allIndices } from '../data/roles';
import { sourceOf, type PassOptions } from '../pass/inputs';
import type { Subject } from '../pass/subject';
import { refuseStamp, type OpenTrigger } from '../triggers/open-trigger';
import { triggeredInputs } from '../triggers/triggered-inputs';
import type { Draw } from './curve';
import { guidedOrder, type GuidedOrder, type RaisedSetting } from './triggered-difference';

/** What the order of `triggered-difference` is read from. @throws FinePruneError `trigger.samples` for a trigger that can't be stamped on held-out images */
export function raisedSetting(
  { model, site, roles, normalisation }: Pick<Subject, 'model' | 'site' | 'roles' | 'normalisation'>,
  trigger: OpenTrigger,
  signal: AbortSignal,
): RaisedSetting {
  if (trigger.samples) refuseStamp();
  return {
    model,
    site,
    normalisation,
    signal,
    clean: sourceOf(roles.holdout),
    triggered: triggeredInputs(trigger, roles.holdout),
  };
}

/** The order of `triggered-difference`, from held-out images. @throws FinePruneError as `raisedSetting` does */
export async function guideOf(
  subject: Pick<Subject, 'config' | 'model' | 'site' | 'roles' | 'normalisation'>,
  trigger: OpenTrigger | null,
  { signal }: Pick<PassOptions, 'signal'>,
  onProgress: (done: number) => void = () => undefined,
): Promise<GuidedOrder | null> {
  // Nothing was found to estimate: the run then measures, changes nothing, and says so.
  if (!trigger) return null;
  const { curve, seed, gates } = subject.config;
  const draw: Draw = (n, count) => drawn(allIndices(n), count, seed, 'curve');
  return guidedOrder({ ...raisedSetting(subject, trigger, signal), curve, draw, gates, onProgress });
}
