import type { DefenseReport, Finding } from '../../protocol/report/report';
import { noneMetSentence } from '../defense/attempt-words';
import { decidingFigure, judgeEffect } from '../defense/effect';
import { nearChance } from '../metrics/near-chance';
import { isHonestEstimate } from '../defense/verdict';
import { count, percent, signedPercent, units, indexList } from '../../protocol/words';

/** What the findings are read from: the report but for what is derived from it. */
export type Facts = Omit<DefenseReport, 'findings' | 'verdict' | 'gates' | 'schemaVersion'> & {
  /** Whether pruning changed any prediction on the clean or triggered inputs. */
  pruningChanged: number;
  canBeNegative: boolean;
  samplesOfTargetClass: number;
};

const SEVERITY_ORDER = { error: 0, warning: 1, information: 2 } as const;

/** Below this share of clean accuracy a person is asked whether data and model really belong together. */
const LOW_ACCURACY = 0.6;

/**
 * Everything that weakens what a report says (design rule: the truth first), most serious first. Each sentence carries its
 * figures. docs/findings.md explains each id.
 */
export function findings(facts: Facts): Finding[] {
  const found: Finding[] = [
    ...modelFindings(facts),
    ...pruningFindings(facts),
    ...triggerFindings(facts),
    ...dataFindings(facts),
  ];
  return found.sort((a, b) => SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity]);
}

function modelFindings({ stages, repaired, fineTuning }: Facts): Finding[] {
  const found: Finding[] = [];
  if (nearChance(stages.before)) {
    found.push({
      id: 'accuracy-near-chance',
      severity: 'error',
      message: `Clean accuracy of the input model is ${percent(stages.before.cleanAccuracy.rate)}, near chance. Check that data, labels and normalisation (scale, mean, std) are those of the model. Nothing was pruned or trained.`,
    });
  }
  if (repaired && stages.before.cleanAccuracy.rate < LOW_ACCURACY) {
    found.push({
      id: 'accuracy-low',
      severity: 'warning',
      message: `Clean accuracy of the input model is only ${percent(stages.before.cleanAccuracy.rate)}. If you know it to be better, the data's normalisation (scale, mean, std) is not the one it was trained with, and no figure here means much.`,
    });
  }
  if (fineTuning.frozen.length) {
    found.push({
      id: 'frozen-layers',
      severity: 'warning',
      message: `Not trained, because the engine has no gradient for them: ${fineTuning.frozen.join(', ')}.`,
    });
  }
  return found;
}

function pruningFindings({
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
      message: `Pruning ${which} changed not one prediction, neither on clean nor on triggered inputs.`,
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
      message: `${layer.activation} gives values below zero, so a low mean need not mean a dormant unit. Consider "rule": "clean-mean-abs".`,
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

function triggerFindings({ trigger, stages, repaired, scan, attempts, proof, provenance }: Facts): Finding[] {
  const limit = provenance.config.gates.maxAttackSuccessRate;
  const scanned = scanFindings({ trigger, scan, attempts, proof }, provenance.config.gates);
  if (!trigger && scan) return scanned;
  if (!trigger) {
    const unscanned = attempts
      ? ' The repair needs no scan, so none was made, neither before nor after it; "trigger": "inverted" has one made.'
      : '';
    return [
      ...scanned,
      {
        id: 'trigger-unknown',
        severity: 'warning',
        message: `No trigger is known: attack success rate and robust accuracy could not be measured, and nothing is said about a backdoor.${unscanned}`,
      },
    ];
  }
  const found: Finding[] = scanned;
  const { attackSuccessRate: asr, robustAccuracy: robust, cleanAccuracy: clean } = stages.after;
  found.push(...effectFindings(stages, trigger, limit));
  if (repaired && asr && robust && robust.rate < clean.rate - 0.05 && asr.rate <= 0.5) {
    found.push({
      id: 'robust-accuracy-low',
      severity: 'warning',
      message: `The trigger still misleads the model: robust accuracy is ${percent(robust.rate)} on triggered inputs, clean accuracy ${percent(clean.rate)}.`,
    });
  }
  return found;
}

/** The trigger's way to another class than the config names, and source classes that are too small to be judged. */
function effectFindings(stages: Facts['stages'], trigger: NonNullable<Facts['trigger']>, limit: number): Finding[] {
  const effect = judgeEffect(stages.after, trigger, limit);
  const found: Finding[] = [];
  const { worst, notJudged } = effect ?? {};
  if (worst && worst.low > limit) {
    found.push({
      id: 'trigger-reaches-other-class',
      severity: 'error',
      message: `The trigger sends ${percent(worst.share)} more of ${count(worst.of)} images to class ${worst.class} than go there without it, although the config names class ${trigger.target} as its target.`,
    });
  }
  if (notJudged?.length) {
    const shown = indexList(notJudged, MOST_NAMED);
    found.push({
      id: 'classes-not-judged',
      severity: 'information',
      message: `Fewer than 50 triggered images are of class ${shown}: whether the trigger sends them to one class was not judged.`,
    });
  }
  return found;
}

const MOST_NAMED = 10;

function scanFindings(
  { trigger, scan, attempts, proof }: Pick<Facts, 'trigger' | 'scan' | 'attempts' | 'proof'>,
  gates: Facts['provenance']['config']['gates'],
): Finding[] {
  const found: Finding[] = [];
  const one = (id: Finding['id'], severity: Finding['severity'], message: string): void =>
    void found.push({ id, severity, message });
  if (proof?.scan.flagged.length)
    one('scan-flags-repaired', 'error', `The repaired model is still suspicious. ${proof.scan.sentence}`);
  if (attempts && !attempts.some(({ met }) => met))
    one('no-repair-met-gates', 'error', noneMetSentence(attempts, gates));
  if (trigger?.source === 'estimated')
    one(
      'trigger-estimated',
      'warning',
      `ASR and robust accuracy are on a trigger estimated for class ${trigger.target}, not on the attacker's own, which may be stronger.`,
    );
  if (trigger && isHonestEstimate({ trigger, scan }))
    one(
      'target-not-suspicious',
      'warning',
      `The scan does not find class ${trigger.target} suspicious, which the config names: its estimated trigger may be that of an honest class.`,
    );
  if (scan && !trigger) {
    const found = scan.word === 'not measurable' ? 'could not look for one' : 'found no class suspicious';
    one(
      'no-trigger-found',
      'warning',
      `No trigger is known, and inversion ${found}: attack success rate and robust accuracy could not be measured. That does not say that the model is clean. ${scan.sentence}`,
    );
  }
  const unexplained = scan?.flagged.filter((target) => target !== trigger?.target) ?? [];
  if (trigger && unexplained.length)
    one(
      'scan-suspicious',
      'warning',
      `The scan also finds class ${unexplained.join(', ')} suspicious, which the ${trigger.source} trigger does not aim at.`,
    );
  return found;
}

function dataFindings({ data, stages, curve, repaired, samplesOfTargetClass, provenance, trigger }: Facts): Finding[] {
  const found: Finding[] = [];
  const limit = provenance.config.gates.maxAttackSuccessRate;
  const effect = judgeEffect(stages.after, trigger, limit);
  const judged = effect && decidingFigure(effect);
  if (repaired && judged && judged.share <= limit && judged.high > limit) {
    const what = judged.by === 'rate' ? 'ASR' : `excess of class ${judged.class}`;
    found.push({
      id: 'test-set-too-small',
      severity: 'warning',
      message: `Too few triggered inputs for the claim: ${what} ${signedPercent(judged.share)} on ${judged.of}, 95 % interval up to ${signedPercent(judged.high)}, limit ${percent(limit)}.`,
    });
  } else if (stages.before.cleanAccuracy.of < 1000) {
    found.push({
      id: 'test-set-too-small',
      severity: 'warning',
      message: `Only ${stages.before.cleanAccuracy.of} test images: clean accuracy after is known to between ${percent(stages.after.cleanAccuracy.low)} and ${percent(stages.after.cleanAccuracy.high)} (95 %).`,
    });
  }
  if (data.fineTune.images < data.fineTune.available) {
    found.push({
      id: 'fine-tune-subset',
      severity: 'information',
      message: `Fine-tuned on ${data.fineTune.images} of ${data.fineTune.available} clean training images; the reference set-up uses all.`,
    });
  }
  if (data.test.images < data.test.available)
    found.push({
      id: 'test-subset',
      severity: 'information',
      message: `Measured on ${data.test.images} of ${data.test.available} test images.`,
    });
  const analysisAvailable = data.analysis.role === 'test' ? data.test.images : data.holdout.images;
  if (data.analysis.images < analysisAvailable) {
    found.push({
      id: 'analysis-subset',
      severity: 'information',
      message: `Activations were analysed on ${data.analysis.images} of ${analysisAvailable} images.`,
    });
  }
  if (data.analysis.role === 'test') {
    found.push({
      id: 'analysis-on-test-set',
      severity: 'information',
      message:
        'Activations were analysed on the test images that the figures are measured on, as in the reference set-up; this flatters the result a little. "analysis": "holdout" avoids it.',
    });
  }
  if (data.holdout.images === 0)
    found.push({
      id: 'no-holdout',
      severity: 'information',
      message: 'No training images are held out, so no pruning ratio can be recommended.',
    });
  if (curve.subset) {
    found.push({
      id: 'curve-subset',
      severity: 'information',
      message: `The pruning curve rests on a seeded subset: ${curve.images} clean${curve.triggeredImages === null ? '' : ` and ${curve.triggeredImages} triggered`} images. "curve": "full" takes all of them.`,
    });
  }
  if (trigger?.kind === 'samples' && samplesOfTargetClass > 0) {
    found.push({
      id: 'test-subset',
      severity: 'information',
      message: `${samplesOfTargetClass} of your triggered samples are of the target class itself and do not count.`,
    });
  }
  return found;
}
