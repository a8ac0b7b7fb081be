import type { StrategyName } from '../../protocol/config';
import type { Attempt, Gate, HeldOutFigures, StageMetrics } from '../../protocol/report/report';
import { inversionOf, type ScanResult } from '../../protocol/report/scan';
import { cancelled } from '../../protocol/errors';
import type { OpenTrigger } from '../triggers/open-trigger';
import type { ScanImages } from '../detect/scan-images';
import { estimatedTrigger } from '../triggers/estimate';
import { stageMetrics, type Predictions } from '../metrics/evaluate';
import { masksFor } from '../model/masks';
import type { Progress } from '../process/progress';
import { nearChance } from '../metrics/near-chance';
import { attemptSentence } from './attempt-words';
import {
  changes,
  layerAnalysis,
  pruningCurve,
  pruningResult,
  sameView,
  type Outcome,
  type Subject,
} from './fine-pruning';
import { sourceOf, type PassOptions } from '../pass/inputs';
import { measure, type Measured } from '../pass/measure';
import { comparisonOf, measureStage, predictStage, stageImages, truthOf } from './stage';
import { pruneOrder } from '../pass/ranking';
import { openProof } from './proof';
import { bestOf, missedGates } from '../repair/choice';
import { openHeldOut } from '../repair/held-out';
import type { Repair, RepairContext, Repaired } from '../repair/repair';
import { repairsOf } from '../repair/strategies';
import { Weights } from '../repair/weights';

export interface Defense {
  subject: Subject;
  /** The trigger that the config describes; null where it is estimated or unknown. */
  known: OpenTrigger | null;
  /** Of the input model, and the images that it was made on; both null where the repairs need none. */
  scan: ScanResult | null;
  images: ScanImages | null;
}

type Stage = 'before' | 'pruned' | 'after';

/** One repair that was tried, with the weights that it left. */
interface Tried {
  readonly repair: Repair;
  readonly repaired: Repaired;
  readonly weights: Weights;
  readonly heldOut: HeldOutFigures;
  /** Gates that these figures miss. */
  readonly missed: readonly Gate['id'][];
}

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
  onStage: (stage: Stage, m: StageMetrics) => void,
  onAttempt: (strategy: StrategyName, number: number, of: number) => void,
): Promise<Outcome> {
  const { config, model, site, roles, triggered, normalisation } = subject;
  const pass: PassOptions = { model, normalisation, signal };
  const test = sourceOf(roles.test);
  const inputs = { test, triggered };
  const truth = truthOf(model.classes, inputs);
  const told = (stage: Stage, predictions: Predictions): StageMetrics => {
    const metrics = stageMetrics(predictions, truth);
    onStage(stage, metrics);
    return metrics;
  };
  const tested = stageImages(inputs);
  const evaluate = (phase: 'evaluate-pruned' | 'evaluate-after'): Promise<Predictions> => {
    progress.begin(phase, tested);
    return predictStage(inputs, { ...pass, onImages: (n) => progress.step(n) });
  };

  const original = new Weights(model);
  progress.begin('evaluate-before', tested);
  const {
    onTest,
    onTriggered,
    predictions: predictedBefore,
  } = await measureStage(inputs, site, { ...pass, onImages: (n) => progress.step(n) });
  const before = told('before', predictedBefore);

  const prove =
    images &&
    (await openProof({ before: scan, images, test: roles.test, known: known !== null, seed: config.seed, pass }));
  const targets = scan ? targetsOf(scan, triggered?.target ?? null) : [];
  const estimated = targets.map((target) =>
    estimatedTrigger(target, inversionOf(scan!, target)!.estimate!, model.inputShape),
  );
  const context: RepairContext = {
    subject,
    scan,
    images,
    targets,
    pass,
    heldOut: await openHeldOut(roles.holdout, known, estimated, pass),
    onProgress: (share, soFar) => progress.step(Math.round((1000 * (costBefore + share * cost)) / costs), soFar),
  };
  const repairs =
    nearChance(before) || (targets.length === 0 && config.strategy === 'auto')
      ? []
      : repairsOf(config.strategy ?? 'fine-pruning', context);
  const tried: Tried[] = [];
  // One phase for all of them: what is left when one meets the gates is done at a stroke.
  const costs = repairs.reduce((sum, repair) => sum + repair.cost, 0);
  let [costBefore, cost] = [0, 0];
  if (repairs.length) progress.begin('repair', 1000);
  for (const [i, repair] of repairs.entries()) {
    if (signal.aborted) throw cancelled();
    onAttempt(repair.name, i + 1, repairs.length);
    costBefore += cost;
    cost = repair.cost;
    original.restore();
    const repaired = await repair.run(context);
    const { heldOut } = repaired.rounds[repaired.keptRound - 1]!;
    const missed = missedGates(heldOut, config.gates);
    tried.push({ repair, repaired, weights: new Weights(model), heldOut, missed });
    if (missed.length === 0) break;
  }
  const chosen = bestOf(
    tried.map(({ heldOut }) => heldOut),
    config.gates,
  );
  const best = chosen === null ? null : tried[chosen]!;
  const attempts = tried.length ? tried.map((one) => attemptOf(one, one === best, config.gates)) : undefined;

  // What was pruned is shown on the input model, at the layer of the repair that was chosen.
  original.restore();
  const at = best?.repaired.pruned?.site ?? site;
  progress.begin('analyse', 1);
  const measured =
    at === site
      ? { onTest, onTriggered }
      : { onTest: await measure(test, at, pass), onTriggered: triggered && (await measure(triggered, at, pass)) };
  const holdout = roles.holdout.indices.length ? sourceOf(roles.holdout) : null;
  const onHoldout = holdout && (await measure(holdout, at, pass));
  const analysed: Measured = sameView(roles.analysis, roles.test)
    ? measured.onTest
    : onHoldout && sameView(roles.analysis, roles.holdout)
      ? onHoldout
      : await measure(sourceOf(roles.analysis), at, pass);
  const layer = layerAnalysis(at, analysed, measured.onTriggered);
  const rule = best?.repaired.pruned?.rule ?? 'clean-mean';
  const order = best?.repaired.pruned?.order ?? pruneOrder((onHoldout ?? analysed).statistics.mean());
  progress.begin('curve', 1);
  const { curve } = await pruningCurve(
    { ...subject, site: at },
    order,
    { test, ...measured, triggered, holdout, onHoldout },
    pass,
  );
  const pruning = pruningResult(
    { ...config.prune, rule, ratio: best ? 'auto' : config.prune.ratio },
    Int32Array.from(best?.repaired.pruned?.units ?? []),
    layer,
  );
  const frozen = subject.frozen.map((f) => `${f.layer} (${f.reason})`);
  const base = { layer, pruning, curve, ...(scan && { scan }), repaired: best !== null, ...(attempts && { attempts }) };
  if (!best) {
    const fineTuning = {
      ...config.fineTune,
      epochs: 0,
      steps: 0,
      images: roles.fineTune.indices.length,
      optimizer: 'adam' as const,
      history: [],
      frozen,
    };
    return {
      ...base,
      stages: { before, pruned: before, after: before },
      comparison: comparisonOf(predictedBefore, predictedBefore, truth),
      fineTuning,
      pruningChanged: 0,
    };
  }

  const masks = masksFor(model, at, pruning.units);
  masks.apply();
  masks.dispose();
  const predictedPruned = await evaluate('evaluate-pruned');
  const pruned = told('pruned', predictedPruned);
  best.weights.restore();
  const predictedAfter = await evaluate('evaluate-after');
  const after = told('after', predictedAfter);
  // Without a trigger the verdict is open whatever a proof says: where no scan was made, none is made of the result.
  if (prove) progress.begin('proof', 1000);
  const proof = prove && (await prove((share) => progress.step(Math.round(1000 * share))));
  return {
    ...base,
    stages: { before, pruned, after },
    comparison: comparisonOf(predictedBefore, predictedAfter, truth),
    fineTuning: { ...best.repaired.training, images: roles.fineTune.indices.length, optimizer: 'adam', frozen },
    pruningChanged:
      changes(predictedBefore.clean, predictedPruned.clean) +
      (predictedBefore.triggered ? changes(predictedBefore.triggered, predictedPruned.triggered!) : 0),
    ...(proof && { proof }),
  };
}

/** The class that the trigger aims at, and suspicious classes, smallest mask first; only such as were searched. */
export function targetsOf(scan: ScanResult, target: number | null): number[] {
  return [...new Set([...(target === null || !inversionOf(scan, target) ? [] : [target]), ...scan.flagged])];
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
