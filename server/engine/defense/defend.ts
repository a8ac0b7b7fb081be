import type { StrategyName } from '../../protocol/config/config';
import type { Attempt, Gate, HeldOutFigures } from '../../protocol/report/report';
import { inversionOf, type ScanResult } from '../../protocol/report/scan';
import { cancelled } from '../../protocol/errors';
import type { ScanImages } from '../detect/scan-images';
import { nearChance } from '../metrics/near-chance';
import { applyMasks, masksFor } from '../model/masks';
import type { UnitSite } from '../model/model';
import type { PassOptions } from '../pass/inputs';
import { measure, type Measured } from '../pass/measure';
import { pruneOrder } from '../pass/ranking';
import type { Subject } from '../pass/subject';
import type { Progress } from '../process/progress';
import { layerAnalysis, pruningResult } from '../pruning/layer-analysis';
import { pruningCurve } from '../pruning/pruning-curve';
import { bestOf, missedGates } from '../repair/choice';
import { openHeldOut } from '../repair/held-out';
import type { Repair, RepairContext, Repaired } from '../repair/repair';
import { repairsOf } from '../repair/strategies';
import { targetsOf } from '../repair/targets';
import { Weights } from '../repair/weights';
import { estimatedTrigger } from '../triggers/estimate';
import type { OpenTrigger } from '../triggers/open-trigger';
import { analyse } from './analysis';
import { attemptSentence } from './attempt-words';
import { fineTuningOf, type Outcome } from './outcome';
import { openProof } from './proof';
import { Stages, type OnStage } from './stages';

export interface Defense {
  subject: Subject;
  /** The trigger that the config describes; null where it is estimated or unknown. */
  known: OpenTrigger | null;
  /** Of the input model, and the images that it was made on; both null where the repairs need none. */
  scan: ScanResult | null;
  images: ScanImages | null;
}

/** One repair that was tried, with the weights that it left. */
interface Tried {
  readonly repair: Repair;
  readonly repaired: Repaired;
  readonly weights: Weights;
  readonly heldOut: HeldOutFigures;
  /** Gates that these figures miss. */
  readonly missed: readonly Gate['id'][];
}

export type OnAttempt = (strategy: StrategyName, number: number, of: number) => void;

/**
 * Repairs a model by the config's strategy: tries its repairs one after the other, each from the input model, until one meets the gates on
 * held-out images, and measures the one that `bestOf` keeps. The test set is read before and after; nothing is chosen on it. The model's
 * variables then hold the defended model, or the input model where none is kept; saving it is the caller's.
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function defend(
  { subject, known, scan, images }: Defense,
  progress: Progress,
  signal: AbortSignal,
  onStage: OnStage,
  onAttempt: OnAttempt,
): Promise<Outcome> {
  const { config, model, site, roles, triggered, normalisation } = subject;
  const pass: PassOptions = { model, normalisation, signal };
  const stages = new Stages(subject, pass, progress, onStage);
  const original = new Weights(model);
  const { metrics: before, ...measured } = await stages.before();
  const prove =
    images &&
    (await openProof({ before: scan, images, test: roles.test, known: known !== null, seed: config.seed, pass }));
  const targets = scan ? targetsOf(scan, triggered?.target ?? null) : [];
  const estimated = targets.map((target) =>
    estimatedTrigger(target, inversionOf(scan!, target)!.estimate!, model.inputShape),
  );
  const heldOut = await openHeldOut(roles.holdout, known, estimated, pass);
  const context = { subject, scan, images, targets, pass, heldOut };
  const hopeless = nearChance(before) || (targets.length === 0 && config.strategy === 'auto');
  const repairs = hopeless ? [] : repairsOf(config.strategy ?? 'fine-pruning', context);
  const tried = await tryRepairs(repairs, context, original, progress, onAttempt);
  const chosen = bestOf(
    tried.map((one) => one.heldOut),
    config.gates,
  );
  const best = chosen === null ? null : tried[chosen]!;

  // What was pruned is shown on the input model, at the layer of the repair that was chosen.
  original.restore();
  const at = best?.repaired.pruned?.site ?? site;
  const found = {
    ...(await analysisAt(at, { subject, stages, measured, best, pass }, progress)),
    ...(scan && { scan }),
    repaired: best !== null,
    ...(tried.length > 0 && { attempts: tried.map((one) => attemptOf(one, one === best, config.gates)) }),
  };
  if (!best) return { ...stages.outcome(), ...found, fineTuning: fineTuningOf(subject) };

  applyMasks(model.network, masksFor(model.graph, at, found.pruning.units));
  await stages.next('pruned');
  best.weights.restore();
  await stages.next('after');
  // Without a trigger the verdict is open whatever a proof says: where no scan was made, none is made of the result.
  if (prove) progress.begin('proof', 1000);
  const proof = prove && (await prove((share) => progress.step(Math.round(1000 * share))));
  const fineTuning = fineTuningOf(subject, best.repaired.training);
  return { ...stages.outcome(), ...found, fineTuning, ...(proof && { proof }) };
}

/** Tries repairs, each from the input model, until one meets the gates on held-out images. The variables are left as the last one left them. */
async function tryRepairs(
  repairs: readonly Repair[],
  context: Omit<RepairContext, 'onProgress'>,
  original: Weights,
  progress: Progress,
  onAttempt: OnAttempt,
): Promise<Tried[]> {
  const { subject, pass } = context;
  const tried: Tried[] = [];
  // One phase for all of them: what is left when one meets the gates is done at a stroke.
  const costs = repairs.reduce((sum, repair) => sum + repair.cost, 0);
  let costBefore = 0;
  if (repairs.length) progress.begin('repair', 1000);
  for (const [i, repair] of repairs.entries()) {
    if (pass.signal.aborted) throw cancelled();
    onAttempt(repair.name, i + 1, repairs.length);
    original.restore();
    const repaired = await repair.run({
      ...context,
      onProgress: (share, soFar) =>
        progress.step(Math.round((1000 * (costBefore + share * repair.cost)) / costs), soFar),
    });
    costBefore += repair.cost;
    const { heldOut } = repaired.rounds[repaired.keptRound - 1]!;
    const missed = missedGates(heldOut, subject.config.gates);
    tried.push({ repair, repaired, weights: new Weights(subject.model), heldOut, missed });
    if (missed.length === 0) break;
  }
  return tried;
}

interface Analysed {
  readonly subject: Subject;
  readonly stages: Stages;
  /** Activations of the subject's layer. */
  readonly measured: { onTest: Measured; onTriggered: Measured | null };
  readonly best: Tried | null;
  readonly pass: PassOptions;
}

/** The layer, what was pruned there, and its curve, of the input model, which the variables hold. */
async function analysisAt(
  at: UnitSite,
  { subject, stages, measured, best, pass }: Analysed,
  progress: Progress,
): Promise<Pick<Outcome, 'layer' | 'pruning' | 'curve'>> {
  const { config, site, triggered } = subject;
  const { test } = stages;
  progress.begin('analyse', 1);
  const { onTest, onTriggered } =
    at === site
      ? measured
      : { onTest: await measure(test, at, pass), onTriggered: triggered && (await measure(triggered, at, pass)) };
  const { analysed, holdout, onHoldout } = await analyse(subject, at, onTest, pass);
  const layer = layerAnalysis(at, analysed, onTriggered);
  const pruned = best?.repaired.pruned;
  const order = pruned?.order ?? pruneOrder((onHoldout ?? analysed).statistics.mean());
  progress.begin('curve', 1);
  const sets = { test, onTest, onTriggered, triggered, holdout, onHoldout };
  const { curve } = await pruningCurve({ ...subject, site: at }, order, sets, pass);
  const prune = { rule: pruned?.rule ?? ('clean-mean' as const), ratio: best ? ('auto' as const) : config.prune.ratio };
  return { layer, curve, pruning: pruningResult(prune, Int32Array.from(pruned?.units ?? []), layer) };
}

function attemptOf(
  { repair, repaired, heldOut, missed }: Tried,
  chosen: boolean,
  gates: Subject['config']['gates'],
): Attempt {
  const facts: Omit<Attempt, 'sentence'> = {
    strategy: repair.name,
    source: repair.source,
    layer: repaired.pruned?.site.layer ?? '',
    units: repaired.pruned?.units ?? [],
    rounds: repaired.rounds,
    keptRound: repaired.keptRound,
    heldOut,
    met: missed.length === 0,
    missed: [...missed],
    chosen,
  };
  return { ...facts, sentence: attemptSentence(facts, gates) };
}
