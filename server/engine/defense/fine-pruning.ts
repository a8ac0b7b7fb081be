import type { PruningCurve } from '../../protocol/report/report';
import { nearChance } from '../metrics/near-chance';
import type { PassOptions } from '../pass/inputs';
import { pruneOrder } from '../pass/ranking';
import type { Subject } from '../pass/subject';
import type { Progress } from '../process/progress';
import { guideOf } from '../pruning/guide';
import { layerAnalysis, pruningResult } from '../pruning/layer-analysis';
import { chosenUnits } from '../pruning/named-units';
import { pruningCurve } from '../pruning/pruning-curve';
import { pruneAndTune } from '../repair/prune-and-tune';
import type { OpenTrigger } from '../triggers/open-trigger';
import { analyse } from './analysis';
import { fineTuningOf, type Outcome } from './outcome';
import { Stages, type OnStage } from './stages';

/**
 * Fine-Pruning (Liu, Dolan-Gavitt, Garg, "Fine-Pruning: Defending Against Backdooring Attacks on Deep Neural Networks", RAID
 * 2018, section 3): analyse activations on clean data, prune the units with the lowest mean (or those that the config names),
 * fine-tune; measured before, after pruning and after fine-tuning. The model's variables are changed; saving them is the caller's.
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function finePrune(
  subject: Subject,
  trigger: OpenTrigger | null,
  progress: Progress,
  signal: AbortSignal,
  onStage: OnStage,
): Promise<Outcome> {
  const { config, model, site, roles, triggered, normalisation } = subject;
  const pass: PassOptions = { model, normalisation, signal };
  const stages = new Stages(subject, pass, progress, onStage);
  const { metrics: before, onTest, onTriggered } = await stages.before();

  progress.begin('analyse', roles.holdout.indices.length + roles.analysis.indices.length);
  const { analysed, holdout, onHoldout } = await analyse(subject, site, onTest, pass, (n) => progress.step(n));
  const { rule } = config.prune;
  const guide = rule === 'triggered-difference' ? await guideOf(subject, trigger, pass) : null;
  const { statistics } = analysed;
  const order = guide?.order ?? pruneOrder(rule === 'clean-mean-abs' ? statistics.meanAbs() : statistics.mean());
  const layer = layerAnalysis(site, analysed, onTriggered);

  progress.begin('curve', 1);
  const sets = { test: stages.test, onTest, triggered, onTriggered, holdout, onHoldout };
  const { curve: plain, limit } = await pruningCurve(subject, order, sets, pass);
  const curve: PruningCurve = guide ? { ...plain, smallestWithinGate: guide.smallest } : plain;

  const repaired = !nearChance(before) && (guide !== null || rule !== 'triggered-difference');
  const most = guide ? (guide.smallest?.pruned ?? guide.withinAccuracy) : limit && limit.pruned;
  const chosen = repaired ? chosenUnits(config.prune, order, most) : new Int32Array();
  const pruning = pruningResult(config.prune, chosen, layer);
  const found = { layer, pruning, curve, repaired };
  if (!repaired) return { ...stages.outcome(), ...found, fineTuning: fineTuningOf(subject) };

  progress.begin('prune', 1);
  const trained = await pruneAndTune(subject, { site, units: pruning.units }, pass, {
    onPruned: async () => void (await stages.next('pruned')),
    onTraining: (steps) => progress.begin('fine-tune', steps),
    onStep: (step, _total, soFar) => progress.step(step, soFar),
  });
  await stages.next('after');
  return { ...stages.outcome(), ...found, fineTuning: fineTuningOf(subject, trained) };
}
