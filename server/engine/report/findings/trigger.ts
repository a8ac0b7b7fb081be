import { stageOf, type Stage } from '../../../protocol/report/confusion';
import { suspectedClasses } from '../../../protocol/report/scan';
import type { Finding } from '../../../protocol/report/report';
import { noneMetSentence } from '../../defense/attempt-words';
import { judgeEffect } from '../../defense/effect';
import { isHonestEstimate } from '../../defense/verdict';
import type { Facts } from './facts';
import { count, percent, indexList } from '../../../protocol/words';

/** What is known of the trigger, by a scan too, and what it still does. */
export function triggerFindings(facts: Facts): Finding[] {
  const { trigger, stages, repaired, scan, attempts, proof, provenance } = facts;
  const limit = provenance.config.gates.maxAttackSuccessRate;
  const scanned = scanFindings({ trigger, scan, attempts, proof }, provenance.config.gates);
  if (!trigger && scan) return scanned;
  if (!trigger) {
    const unscanned = attempts
      ? ' The repair needs no scan, so the model was scanned neither before nor after it; set "trigger": "inverted" to have it scanned.'
      : '';
    return [
      ...scanned,
      {
        id: 'trigger-unknown',
        severity: 'warning',
        message: `No trigger is known: attack success rate and robust accuracy could not be measured, so this report says nothing about a backdoor.${unscanned}`,
      },
    ];
  }
  const found: Finding[] = scanned;
  const { attackSuccessRate: asr, robustAccuracy: robust, cleanAccuracy: clean } = stages.after;
  found.push(...effectFindings(stageOf(facts, 'after'), trigger, limit));
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
function effectFindings(after: Stage, trigger: NonNullable<Facts['trigger']>, limit: number): Finding[] {
  const effect = judgeEffect(after, trigger, limit);
  const found: Finding[] = [];
  const { worst, notJudged } = effect ?? {};
  if (worst && worst.low > limit) {
    found.push({
      id: 'trigger-reaches-other-class',
      severity: 'error',
      message: `The trigger sends ${percent(worst.share)} of ${count(worst.of)} images to class ${worst.class}, net of those that go there without it, although ${trigger.source === 'known' ? `the config names class ${trigger.target} as its target. Set "trigger.target" to ${worst.class} and run again.` : `it was estimated for class ${trigger.target}. To repair that class, set "trigger.target" to ${worst.class} and run again.`}`,
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
  if (proof?.scan.suspects.length)
    one('scan-flags-repaired', 'error', `The repaired model is still suspicious. ${proof.scan.sentence}`);
  if (attempts && !attempts.some(({ met }) => met))
    one('no-repair-met-gates', 'error', noneMetSentence(attempts, gates));
  if (trigger?.source === 'estimated')
    one(
      'trigger-estimated',
      'warning',
      `ASR and robust accuracy are for a trigger estimated for class ${trigger.target}, not for the attacker's own, which may be stronger.`,
    );
  if (trigger && isHonestEstimate({ trigger, scan }))
    one(
      'target-not-suspicious',
      'warning',
      `The config names class ${trigger.target}, but the scan does not find it suspicious: its estimated trigger may be that of a class without a backdoor.`,
    );
  if (scan && !trigger) {
    const found = scan.word === 'not measurable' ? 'could not search for one' : 'found no suspicious class';
    one(
      'no-trigger-found',
      'warning',
      `No trigger is known, and the scan ${found}: attack success rate and robust accuracy could not be measured. This does not mean that the model is clean. ${scan.sentence}`,
    );
  }
  const unexplained = scan ? suspectedClasses(scan).filter((target) => target !== trigger?.target) : [];
  if (trigger && unexplained.length)
    one(
      'scan-suspicious',
      'warning',
      `The scan also finds class ${unexplained.join(', ')} suspicious, which is not the target of the ${trigger.source} trigger.`,
    );
  return found;
}
