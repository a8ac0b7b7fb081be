import { FinePruneError } from '../../protocol/errors';
import type { StageMetrics } from '../../protocol/report';
import type { OpenTrigger } from '../attack/open-trigger';
import type { Scanned } from '../inversion/config-scan';
import { checkSearchable } from '../inversion/scan';
import { scanImagesOf, type ScanImages } from '../inversion/scan-images';
import type { Progress } from '../progress';
import { finePrune, type Outcome, type Subject } from './fine-pruning';
import { isWithin, judgeEffect } from '../report/effect';
import { prove } from './proof';

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
export async function provenFinePruning({ subject, known, trigger, scanned }: Setting, progress: Progress, signal: AbortSignal, onStage: (stage: 'before' | 'pruned' | 'after', m: StageMetrics) => void): Promise<Outcome> {
  const { config, model, normalisation } = subject;
  const outcome = await finePrune(subject, trigger, progress, signal, onStage);
  const withScan: Outcome = scanned ? { ...outcome, scan: scanned.scan } : outcome;
  const { before, after } = outcome.stages;
  const limit = config.gates.maxAttackSuccessRate;
  const [effectBefore, effectAfter] = [before, after].map((stage) => judgeEffect(stage, trigger, limit));
  if (!outcome.repaired || !effectBefore || isWithin(effectBefore) || !effectAfter || !isWithin(effectAfter)) return withScan;
  const images = scanned?.images ?? searchable(subject);
  if (!images) return withScan;
  progress.begin('proof', 1000);
  const proof = await prove({
    before: scanned?.scan ?? null, images, known: known !== null, seed: config.seed,
    pass: { model, normalisation, signal }, onProgress: (share) => progress.step(Math.round(1000 * share)),
  });
  return { ...withScan, proof };
}

/** Images that triggers can be searched on in this model; null where they can't: the run is done by then, and must not be lost for it. */
function searchable({ model, roles, config }: Subject): ScanImages | null {
  try {
    checkSearchable(model);
    return scanImagesOf(roles, config.seed);
  } catch (error) {
    if (error instanceof FinePruneError && error.kind === 'input') return null;
    throw error;
  }
}
