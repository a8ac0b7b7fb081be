import type { Finding } from '../../../protocol/report/report';
import type { Facts } from './facts';
import { percent, units } from '../../../protocol/words';

/** What pruning and fine-tuning each did, and did not. */
export function pruningFindings({
  pruning,
  layer,
  stages,
  fineTuning,
  repaired,
  pruningChanged,
  canBeNegative,
  attempts,
}: Facts): Finding[] {
  // A repair that prunes nothing by its method is not a recipe that failed to prune.
  if (!repaired || (attempts && pruning.count === 0)) return [];
  const found: Finding[] = [];
  const which = units(pruning.count, layer.kind);
  const idle = pruningChanged === 0 ? pruning.dead : silentUnits(layer, pruning.units);
  if (pruning.count === 0) {
    found.push({
      id: 'nothing-pruned',
      severity: 'warning',
      message: `The pruning ratio comes to 0 of ${units(layer.units, layer.kind)}: only fine-tuning was done.`,
    });
  } else if (pruning.dead === pruning.count && pruningChanged === 0) {
    found.push({
      id: 'pruned-all-dead',
      severity: 'warning',
      message: `All ${which} pruned in ${layer.name} were already dead, so pruning changed nothing. ${layer.dead.length} of ${layer.units} are dead.`,
    });
  } else if (idle * 2 >= pruning.count) {
    found.push({
      id: 'pruned-mostly-dead',
      severity: 'warning',
      message: `${idle} of the ${which} pruned in ${layer.name} were already dead: pruning them changed nothing.`,
    });
  }
  if (pruning.count > 0 && pruning.dead < pruning.count && pruningChanged === 0) {
    found.push({
      id: 'pruning-changed-nothing',
      severity: 'warning',
      message: `Pruning ${which} did not change a single prediction, on clean or on triggered inputs.`,
    });
  }
  const asr = [stages.before, stages.pruned, stages.after].map((s) => s.attackSuccessRate);
  if (asr[0] && asr[1] && asr[2] && fineTuning.steps > 0) {
    const [before, pruned, after] = asr.map((r) => r!.rate) as [number, number, number];
    if (before - after > 0.05 && before - pruned < 0.1 * (before - after)) {
      found.push({
        id: 'fine-tuning-did-the-work',
        severity: 'warning',
        message: `Fine-tuning did the work, not pruning: ASR ${percent(before)} before, ${percent(pruned)} after pruning, ${percent(after)} after fine-tuning.`,
      });
    }
  }
  if (asr[0] && asr[1] && asr[2] && fineTuning.steps > 0 && asr[2].rate > Math.min(asr[0].rate, asr[1].rate) + 0.05) {
    found.push({
      id: 'fine-tuning-restored-backdoor',
      severity: 'warning',
      message: `Fine-tuning brought the backdoor back: ASR ${percent(asr[0].rate)} before, ${percent(asr[1].rate)} after pruning, ${percent(asr[2].rate)} after fine-tuning.`,
    });
  }
  // Where a person named the units, no mean chose them.
  if (canBeNegative && pruning.rule === 'clean-mean' && pruning.ratio !== null) {
    found.push({
      id: 'negative-activations',
      severity: 'warning',
      message: `${layer.activation} gives values below zero, so a low mean does not have to mean a dormant unit. Consider "rule": "clean-mean-abs".`,
    });
  }
  return found;
}

/**
 * How many of the named units are dead and 0 on triggered inputs too. A unit that only the trigger wakes is dead on clean images,
 * and so is one that is constant but not 0: pruning either does change something, which is what the method hopes for.
 */
function silentUnits({ dead, activations }: Facts['layer'], named: readonly number[]): number {
  const isDead = new Set(dead);
  return named.filter(
    (u) => isDead.has(u) && activations[u]!.cleanMeanAbs === 0 && (activations[u]!.triggeredMean ?? 0) === 0,
  ).length;
}
