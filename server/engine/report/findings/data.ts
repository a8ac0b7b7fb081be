import { stageOf } from '../../../protocol/report/confusion';
import type { Finding } from '../../../protocol/report/report';
import { decidingFigure, judgeEffect } from '../../defense/effect';
import type { Facts } from './facts';
import { percent, signedPercent } from '../../../protocol/words';

/** How many images the figures rest on, and which. */
export function dataFindings({
  data,
  stages,
  confusion,
  curve,
  repaired,
  samplesOfTargetClass,
  provenance,
  trigger,
}: Facts): Finding[] {
  const found: Finding[] = [];
  const limit = provenance.config.gates.maxAttackSuccessRate;
  const effect = judgeEffect(stageOf({ stages, confusion }, 'after'), trigger, limit);
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
      message: `Only ${stages.before.cleanAccuracy.of} test images: clean accuracy after the repair is between ${percent(stages.after.cleanAccuracy.low)} and ${percent(stages.after.cleanAccuracy.high)} (95 %).`,
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
      message: `The pruning curve is based on a seeded subset: ${curve.images} clean${curve.triggeredImages === null ? '' : ` and ${curve.triggeredImages} triggered`} images. "curve": "full" uses all of them.`,
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
