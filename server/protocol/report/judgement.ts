import * as v from 'valibot';
import { classIndex, object, said, share, signedShare, text } from '../shape/shape';

/** The verdict, the limits that it rests on, and what weakens it. */

export const VerdictWord = v.picklist([
  'not measurable',
  'no effect before',
  'not mitigated',
  'accuracy lost',
  'mitigated',
  'mitigated, estimated trigger only',
]);
export type VerdictWord = v.InferOutput<typeof VerdictWord>;

export const Verdict = object({
  word: VerdictWord,
  sentence: said(text, 'One sentence with the figures that led to the word.'),
});
export type Verdict = v.InferOutput<typeof Verdict>;

export const GateId = v.picklist(['maxAttackSuccessRate', 'maxAccuracyDrop']);
export type GateId = v.InferOutput<typeof GateId>;

// A drop in accuracy is below 0 where accuracy rose.
const measured = v.nullable(signedShare);

export const Gate = object({
  id: GateId,
  limit: said(share, 'The limit, a share in [0, 1].'),
  measured: said(measured, 'What was measured, a share; null when it could not be measured.'),
  judged: said(measured, 'The value compared with the limit: for the ASR the upper 95 % Wilson bound.'),
  met: v.boolean(),
  excess: v.optional(
    said(
      object({ class: classIndex }),
      'Where `measured` and `judged` are an excess over the untriggered images and not an ASR: of this class.',
    ),
  ),
});
export type Gate = v.InferOutput<typeof Gate>;

export const FindingId = v.picklist([
  'pruned-all-dead',
  'pruned-mostly-dead',
  'pruning-changed-nothing',
  'fine-tuning-did-the-work',
  'fine-tuning-restored-backdoor',
  'analysis-on-test-set',
  'test-set-too-small',
  'fine-tune-subset',
  'test-subset',
  'analysis-subset',
  'no-holdout',
  'trigger-unknown',
  'negative-activations',
  'accuracy-near-chance',
  'accuracy-low',
  'robust-accuracy-low',
  'nothing-pruned',
  'curve-subset',
  'frozen-layers',
  'trigger-estimated',
  'no-trigger-found',
  'target-not-suspicious',
  'scan-flags-repaired',
  'scan-suspicious',
  'no-repair-met-gates',
  'trigger-reaches-other-class',
  'classes-not-judged',
  'unread-tensors',
]);
export type FindingId = v.InferOutput<typeof FindingId>;

export const Severity = v.picklist(['error', 'warning', 'information']);

export const Finding = object({
  id: said(FindingId, 'Stable word: see docs/findings.md.'),
  severity: Severity,
  message: said(text, 'One sentence with the figures.'),
});
export type Finding = v.InferOutput<typeof Finding>;
