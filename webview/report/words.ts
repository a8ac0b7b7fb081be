import { stageOf } from '../../server/protocol/report/confusion';
import type { Attempt, DefenseReport, Gate, McNemar, Rate, VerdictWord } from '../../server/protocol/report/report';
import { CONFIG_FILE, REPORT_FILE } from '../../server/protocol/files';
import { formerText, formerUnknownText, formerVersion } from '../../server/protocol/report/former';
import type { ReviewedIssue } from '../../server/protocol/report/review';
import { suspectedClasses, type ScanResult } from '../../server/protocol/report/scan';
import {
  capital,
  count,
  dropWords,
  percent,
  fixedShare,
  limitWords,
  list,
  points,
  pointsOf,
  pWords,
  signed,
} from '../../server/protocol/words';
import { afterScanWord, GATE_TITLES, gatesWord, isEstimated } from '../../server/protocol/report/words';
import { otherAim, sentTo } from './other-class';

/** What a report says in figures, as the pages of a report and of a comparison write it. */

export interface Sign {
  /** Name of a codicon. */
  icon: 'pass' | 'error' | 'warning' | 'info' | 'question' | 'search';
  text: string;
}

const VERDICT_ICONS: Record<VerdictWord, Sign['icon']> = {
  'not measurable': 'question',
  'no effect before': 'question',
  'not mitigated': 'error',
  'accuracy lost': 'warning',
  mitigated: 'pass',
  'mitigated, estimated trigger only': 'warning',
};
export const verdictSign = (word: VerdictWord): Sign => ({ icon: VERDICT_ICONS[word], text: capital(word) });

/** What a scan found; never in the colour of success, since it is none. */
export function scanSign({ word, suspects }: Pick<ScanResult, 'word' | 'suspects'>): Sign {
  const flagged = suspectedClasses({ suspects });
  if (word === 'not measurable') return { icon: 'question', text: capital(word) };
  if (flagged.length === 0) return { icon: 'search', text: capital(word) };
  return {
    icon: 'warning',
    text: `${capital(word)}: ${flagged.length === 1 ? 'class' : 'classes'} ${list(flagged.map(String), 10)}`,
  };
}

/** `Clean accuracy on the images of the scan: 98.79 % (1,877 of 1,900; 95 %: 98.19 – 99.20 %).` Null in results of earlier versions. */
export function scanAccuracyText({ cleanAccuracy }: Pick<ScanResult, 'cleanAccuracy'>): string | null {
  return cleanAccuracy
    ? `Clean accuracy on the images of the scan: ${figure(cleanAccuracy.rate)} (${hitsText(cleanAccuracy)}; 95 %: ${intervalText(cleanAccuracy)}).`
    : null;
}

/** A scan's sentence without the word that stands above it. */
export function scanSentence({ word, sentence }: Pick<ScanResult, 'word' | 'sentence'>): string {
  return capital(afterScanWord({ word, sentence }));
}

/** What became of a repair that was tried. */
export function attemptSign({ met, chosen, missed }: Pick<Attempt, 'met' | 'chosen' | 'missed'>): Sign {
  const text = capital(gatesWord({ met, chosen, missed }));
  return { icon: met ? 'pass' : chosen ? 'warning' : 'error', text: chosen ? `${text}, kept` : text };
}

/** A share with two decimals: `98.89 %`; never rounded to all or nothing. */
export function figure(share: number): string {
  return `${fixedShare(share)} %`;
}

/** The same for a share that may be below 0: `−0.10 %`. */
export function signedFigure(share: number): string {
  return signed(share, figure);
}

/** `98.67 – 99.08 %`. */
export const intervalText = ({ low, high }: Pick<Rate, 'low' | 'high'>): string =>
  `${fixedShare(low)} – ${figure(high)}`;
/** `9,889 of 10,000`. */
export const hitsText = ({ hits, of }: Pick<Rate, 'hits' | 'of'>): string => `${count(hits)} of ${count(of)}`;

/** Before against after on the same images: how many changed sides, and whether that is more than noise. */
export function pairedText({ onlyBefore, onlyAfter, pValue }: McNemar, what: 'right' | 'attacks'): string {
  const beyond = pValue < 0.05 ? 'beyond noise' : 'within noise';
  if (onlyBefore + onlyAfter === 0) return 'same on every image';
  const sides =
    what === 'right'
      ? `${count(onlyAfter)} images gained, ${count(onlyBefore)} lost`
      : `${count(onlyBefore)} attacks stopped, ${count(onlyAfter)} new`;
  return `${sides}: ${beyond} (${pWords(pValue)})`;
}

/** A share of a gate. */
export function gateShare(id: Gate['id'], value: number | null): string {
  if (value === null) return 'not measured';
  return id === 'maxAttackSuccessRate' ? signedFigure(value) : dropWords(value);
}

/** What the figure of a gate is that is judged by a bound. */
export function boundText({ excess }: Gate): string {
  return excess ? 'upper 95 % bound of the excess over the untriggered images' : 'upper 95 % bound';
}

/** What a gate limits; an excess is no ASR. */
export function gateTitle({ id, excess }: Gate): string {
  return excess ? `Sent to class ${excess.class} by the trigger, net` : GATE_TITLES[id];
}

export function gateSign(gate: Gate, accepted: boolean): Sign {
  return gate.met ? { icon: 'pass', text: 'Met' } : { icon: 'error', text: accepted ? 'Missed, accepted' : 'Missed' };
}

const ONLY_ESTIMATED = 'the trigger is only estimated';

/** Why a gate is missed although its figure is within the limit; null where the figure itself says why. */
export function missedWithin(
  { id, limit, judged, met }: Gate,
  report: Pick<DefenseReport, 'trigger' | 'repaired' | 'proof' | 'verdict'>,
): string | null {
  if (met || id !== 'maxAttackSuccessRate' || judged === null || judged > limit) return null;
  if (!report.repaired) return 'nothing was repaired';
  if (isEstimated(report) && report.verdict.word.startsWith('mitigated')) return ONLY_ESTIMATED;
  if (report.verdict.word === 'not measurable') return 'it can’t be shown: see the verdict';
  if (report.verdict.word !== 'not mitigated') return null;
  return report.proof ? 'a fresh scan contradicts it' : 'the trigger still misleads the model: see the verdict';
}

/** The missed gates and findings that a decision covers, by their place in the report. */
export const acceptedPlaces = (issues: readonly ReviewedIssue[]): Set<string> =>
  new Set(issues.filter(({ status }) => status === 'accepted').map(({ pointer }) => pointer));

/** One of the three questions that a reviewer comes with, answered in figures. */
export interface Answer {
  question: string;
  icon: Sign['icon'];
  answer: string;
  detail: string;
}

export function answers(report: DefenseReport): Answer[] {
  return [backdoorAnswer(report), costAnswer(report), evidenceAnswer(report)];
}

const gateOf = (report: DefenseReport, id: Gate['id']): Gate | undefined => report.gates.find((gate) => gate.id === id);
const iconOf = (gate: Gate | undefined): Sign['icon'] =>
  !gate || gate.measured === null ? 'question' : gate.met ? 'pass' : 'error';

function backdoorAnswer(report: DefenseReport): Answer {
  const question = 'Is the backdoor gone?';
  const [before, after] = [report.stages.before.attackSuccessRate, report.stages.after.attackSuccessRate];
  const gate = gateOf(report, 'maxAttackSuccessRate');
  const limit = gate ? `; limit ${limitWords(gate.limit)}` : '';
  const scanned = report.scan ? ` Scan of the input model: ${scanSign(report.scan).text.toLowerCase()}.` : '';
  if (!before || !after)
    return {
      question,
      icon: 'question',
      answer: 'Not measured',
      detail: `Without a trigger there is no attack success rate (ASR)${limit}.${scanned}`,
    };
  const asr = isEstimated(report) ? 'Estimated ASR' : 'ASR';
  if (!report.repaired)
    return {
      question,
      icon: 'question',
      answer: `${asr} ${percent(before.rate)}`,
      detail: `The model was measured and not repaired${limit}.`,
    };
  const base = report.stages.after.effect
    ? ` Without the trigger, class ${report.trigger?.target} gets ${percent(report.stages.after.effect.baseRate.rate)}.`
    : '';
  const fresh = report.proof ? ` Fresh scan: ${scanSign(report.proof.scan).text.toLowerCase()}.` : '';
  const icon = gate && missedWithin(gate, report) === ONLY_ESTIMATED ? 'warning' : iconOf(gate);
  const aim = otherAim(report);
  const [was, is] =
    aim === null ? [null, null] : [sentTo(aim, stageOf(report, 'before')), sentTo(aim, stageOf(report, 'after'))];
  // Where the images go to another class, the target's own success is no answer.
  const answer =
    was && is
      ? `Class ${aim} gets ${signedFigure(was.share)} → ${signedFigure(is.share)}, net`
      : `${asr} ${percent(before.rate)} → ${percent(after.rate)}`;
  return {
    question,
    icon,
    answer,
    detail: `${gate?.excess ? `Judged by class ${gate.excess.class}: at most ${signedFigure(gate.judged ?? 0)} more than without the trigger` : `At most ${percent(after.high)}`} with 95 % confidence${limit}.${base}${fresh}`,
  };
}

function costAnswer(report: DefenseReport): Answer {
  const question = 'What did it cost?';
  const [before, after] = [report.stages.before.cleanAccuracy, report.stages.after.cleanAccuracy];
  const gate = gateOf(report, 'maxAccuracyDrop');
  const limit = gate ? `; it may fall by ${pointsOf(gate.limit)}` : '';
  if (!report.repaired)
    return {
      question,
      icon: 'question',
      answer: `Clean accuracy ${percent(before.rate)}`,
      detail: `The model was measured and not repaired${limit}.`,
    };
  return {
    question,
    icon: iconOf(gate),
    answer: `Clean accuracy ${percent(before.rate)} → ${percent(after.rate)}`,
    detail: `${capital(points(after.rate - before.rate))}${limit}.`,
  };
}

function evidenceAnswer({ data, trigger, provenance: { backend, engine, config } }: DefenseReport): Answer {
  const subset = data.test.images < data.test.available ? ` of ${count(data.test.available)}` : '';
  const triggered = trigger ? ` and ${count(trigger.inputs)} triggered` : '';
  const source = !trigger
    ? 'No trigger'
    : trigger.source === 'estimated'
      ? `Trigger estimated by inversion, target class ${trigger.target}`
      : `${capital(trigger.source)} ${trigger.kind} trigger, target class ${trigger.target}`;
  return {
    question: 'How do we know?',
    icon: trigger?.source === 'known' ? 'info' : 'warning',
    answer: `Measured on ${count(data.test.images)}${subset} clean${triggered} test images`,
    detail: `${source}; ${backend} engine, ${engine}, seed ${config.seed}.`,
  };
}

/** What a report no longer fits; null when nothing is known to have changed. */
export function staleText(
  changed: readonly string[] | null,
  report: Pick<DefenseReport, 'provenance'>,
  name: string,
): string | null {
  const former = formerVersion(report);
  if (changed?.length && former) return formerUnknownText(former, renewalOf(name));
  return changed?.length
    ? `This report is stale: ${list(changed)} changed since it was written, so its figures may no longer hold.`
    : null;
}

/** That an earlier version wrote a report in which nothing is stale; null for one of this version. */
export function formerNotice(
  changed: readonly string[] | null,
  report: Pick<DefenseReport, 'provenance'>,
  name: string,
): string | null {
  const former = formerVersion(report);
  return former && changed?.length === 0 ? formerText(former, renewalOf(name)) : null;
}

const renewalOf = (name: string) => `fine-prune run ${CONFIG_FILE.named(REPORT_FILE.nameOf(name))}` as const;

/** What was decided about an issue, and what that means now; null when nothing was. */
export function decisionText({
  status,
  decision,
}: Pick<ReviewedIssue, 'status' | 'decision'>): { icon: Sign['icon']; text: string; reason: string } | null {
  if (!decision || status === 'open') return null;
  const { author, date, expires, reason } = decision;
  const made = `by ${author} on ${date}`;
  if (status === 'accepted')
    return { icon: 'pass', text: `Accepted ${made}${expires === undefined ? '' : `, until ${expires}`}`, reason };
  if (status === 'expired')
    return {
      icon: 'warning',
      text: `No longer accepted: the decision ${made} expired on ${expires ?? 'an earlier date'}`,
      reason,
    };
  return {
    icon: 'warning',
    text: `No longer accepted: the figures or the model differ from those of the decision ${made}`,
    reason,
  };
}
