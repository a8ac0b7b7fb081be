import type { OpenConfig } from '../../engine/config/read-config';
import { judge, judgeGates } from '../../engine/defense/verdict';
import type { MeasureOutcome } from '../../protocol/messages/engine';
import type { DefenseReport } from '../../protocol/report/report';
import type { CheckResult, ReviewedIssue } from '../../protocol/report/review';
import { fail, warn } from './context';
import type { EffectivePolicy } from './policy';
import { limitWords } from '../../protocol/words';

/** The gates that count, which need not be those that the report was made with. */

/** The report under the gates that count: with them, the verdict may be another one than it says. */
export function judgedBy(report: DefenseReport, { gates }: EffectivePolicy): DefenseReport {
  return { ...report, gates: judgeGates(report, gates), verdict: judge(report, gates) };
}

/** A figure that is two images off may be on the right side of a limit in the report alone. */
export function gatesHere(
  { stages, searches }: MeasureOutcome,
  judged: DefenseReport,
  { gates }: EffectivePolicy,
  issues: readonly ReviewedIssue[],
): CheckResult[] {
  if (!stages.after) return [];
  const here = judgeGates(
    {
      ...judged,
      stages: { ...judged.stages, before: stages.before, after: stages.after },
      ...(searches.proof && { proof: searches.proof }),
    },
    gates,
  );
  return here.flatMap((gate, at) => {
    const told = judged.gates[at]!;
    if (gate.met || !told.met || issues.some(({ id }) => id === `gate.${gate.id}`)) return [];
    return [
      fail(
        'measure.gate',
        `The gate ${gate.id} (${limitWords(gate.limit)}) is met by the report's figures and missed by those measured here.`,
        `/gates/${at}`,
      ),
    ];
  });
}

/** A limit of the config that is not the one that counts, when nothing else has said so. */
export function gateApplied(
  opened: OpenConfig | null,
  policy: EffectivePolicy,
  terms: readonly CheckResult[],
): CheckResult[] {
  if (!opened || terms.some(({ id }) => id === 'policy.gateLoosened')) return [];
  return (['maxAttackSuccessRate', 'maxAccuracyDrop'] as const).flatMap((gate, at) => {
    const [own, applied] = [opened.config.gates[gate], policy.gates[gate]];
    return applied < own
      ? [
          warn(
            'policy.gateApplied',
            `The config's gate ${gate} of ${limitWords(own)} is not applied; ${limitWords(applied)} applies instead: ${policy.words}.`,
            `/gates/${at}`,
          ),
        ]
      : [];
  });
}
