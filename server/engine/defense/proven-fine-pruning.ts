import { stagesOf } from '../../protocol/report/confusion';
import { FinePruneError } from '../../protocol/errors';
import type { OpenTrigger } from '../triggers/open-trigger';
import type { Scanned } from '../detect/config-scan';
import { checkSearchable } from '../detect/scan';
import { scanImagesOf, type ScanImages } from '../detect/scan-images';
import type { Progress } from '../process/progress';
import type { Subject } from '../pass/subject';
import { finePrune } from './fine-pruning';
import type { Outcome } from './outcome';
import type { OnStage } from './stages';
import { isWithin, judgeEffect } from './effect';
import { openProof } from './proof';
import type { PassOptions } from '../pass/inputs';

interface Setting {
  subject: Subject;
  known: OpenTrigger | null;
  /** The known trigger, or the estimated one. */
  trigger: OpenTrigger | null;
  scanned: Scanned | null;
}

/**
 * The reference recipe; and where the trigger is within its gate afterwards, a look at the repaired model without that trigger. A run that
 * leaves the backdoor in needs no proof of it; where nothing can be searched (too few images, a layer without a gradient), a known trigger
 * speaks alone.
 */
export async function provenFinePruning(
  { subject, known, trigger, scanned }: Setting,
  progress: Progress,
  signal: AbortSignal,
  onStage: OnStage,
): Promise<Outcome> {
  const { config, model, roles, normalisation } = subject;
  const pass: PassOptions = { model, normalisation, signal };
  const proofOf = ({ scan, images }: { scan: Scanned['scan'] | null; images: ScanImages }) =>
    openProof({ before: scan, images, test: roles.test, known: known !== null, seed: config.seed, pass });
  // While the variables hold the input model.
  const opened = scanned && (await proofOf(scanned));
  const outcome = await finePrune(subject, trigger, progress, signal, onStage);
  const withScan: Outcome = scanned ? { ...outcome, scan: scanned.scan } : outcome;
  const { before, after } = stagesOf(outcome);
  const limit = config.gates.maxAttackSuccessRate;
  const [effectBefore, effectAfter] = [before, after].map((stage) => judgeEffect(stage, trigger, limit));
  if (!outcome.repaired || !effectBefore || isWithin(effectBefore) || !effectAfter || !isWithin(effectAfter))
    return withScan;
  const images = opened ? null : searchable(subject);
  const prove = opened ?? (images && (await proofOf({ scan: null, images })));
  if (!prove) return withScan;
  progress.begin('proof', 1000);
  return { ...withScan, proof: await prove((share) => progress.step(Math.round(1000 * share))) };
}

/** Images that triggers can be searched on in this model; null where they can't: the run is done by then, and must not be lost for it. */
function searchable({ model, roles, config }: Subject): ScanImages | null {
  try {
    checkSearchable(model);
    return scanImagesOf(roles, config.seed, config.data.format);
  } catch (error) {
    if (error instanceof FinePruneError && error.kind === 'input') return null;
    throw error;
  }
}
