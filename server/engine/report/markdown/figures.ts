import { stageOf, stagesOf } from '../../../protocol/report/confusion';
import type { DefenseReport, Gate, McNemar, Rate, TriggerEffect, VerdictWord } from '../../../protocol/report/report';
import type { ReviewedIssue } from '../../../protocol/report/review';
import { recordedSettings } from '../../../protocol/report/run-settings';
import { excessTo, judgeEffect, otherAim, type ClassFigure } from '../../defense/effect';
import { figureBasis, missedWithin, WITHIN_WORDS } from '../gate-words';
import { code, text } from '../../../protocol/text/markdown';
import {
  capital,
  count,
  limitWords,
  pWords,
  signedPercent,
  fixedShare,
  dropWords,
  signed,
} from '../../../protocol/words';
import {
  GATE_TITLES,
  asrName,
  isEstimated,
  figureTitle,
  onEstimated,
  RATE_NAMES,
  stageColumns,
} from '../../../protocol/report/words';

/** More findings than there are kinds of them can only be a broken report. */
const MOST_ISSUES = 100;

const SIGNS: Record<VerdictWord, string> = {
  'not measurable': '❔',
  'no effect before': '❔',
  'not mitigated': '❌',
  'accuracy lost': '⚠️',
  mitigated: '✅',
  'mitigated, estimated trigger only': '⚠️',
};

/** A table whose first column is to the left and whose others are to the right. Cells must be escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, at) => (at < left ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

export function verdictLine({ verdict }: DefenseReport): string {
  return `**${SIGNS[verdict.word]} ${capital(verdict.word)}.** ${text(verdict.sentence)}`;
}

/** What its command line gave, as a paragraph with the blank line behind it; empty where it gave nothing. */
export function settingsLine(report: DefenseReport): string {
  const settings = recordedSettings(report).map((setting) => code(setting));
  return settings.length
    ? `Made with settings from the command line: ${settings.join(', ')}. Running the config on its own may give a different result.\n\n`
    : '';
}

/** What weakens the result, named beside the verdict: nobody should have to read on to learn of it. */
export function weakeningLine(report: DefenseReport, issues: readonly ReviewedIssue[] | undefined): string {
  const accepted = new Set(issues?.filter((issue) => issue.status === 'accepted').map((issue) => issue.pointer));
  const serious = report.findings
    .map((finding, at) => ({ ...finding, accepted: accepted.has(`/findings/${at}`) }))
    .filter(({ severity }) => severity !== 'information');
  const shown = serious.slice(0, 10).map((finding) => `${code(finding.id)}${finding.accepted ? ' (accepted)' : ''}`);
  if (shown.length === 0) return 'No finding weakens this result.';
  return `What weakens this result: ${shown.join(', ')}${serious.length > shown.length ? ` and ${count(serious.length - shown.length)} more` : ''}; see Findings.`;
}

/** Every gate with the word for whether it is met; an accepted miss says so. */
export function gateTable(report: DefenseReport, issues: readonly ReviewedIssue[] | undefined): string {
  const rows = report.gates.map((gate, at) => {
    const accepted = issues?.some((issue) => issue.pointer === `/gates/${at}` && issue.status === 'accepted');
    const within = missedWithin(gate, report);
    const result = gate.met
      ? '✅ met'
      : `❌ **missed**${accepted ? ', accepted' : ''}${within ? `: ${WITHIN_WORDS[within]}` : ''}`;
    const title = gate.id === 'maxAttackSuccessRate' ? asrTitle(report, gate) : GATE_TITLES[gate.id];
    return [title, `≤ ${limitWords(gate.limit)}`, measured(gate, gate.measured), judged(gate), result];
  });
  return table(['Gate', 'limit', 'measured', 'judged by', 'result'], rows);
}

function measured({ id }: Gate, value: number | null): string {
  return value === null ? 'not measured' : id === 'maxAccuracyDrop' ? dropWords(value) : signedPercent(value);
}

function judged(gate: Gate): string {
  if (gate.judged === null) return '–';
  return gate.id === 'maxAccuracyDrop'
    ? dropWords(gate.judged)
    : `${signedPercent(gate.judged)}, upper 95 % bound${gate.excess ? ` of the ${figureBasis(gate)}` : ''}`;
}

/** The three figures at the three stages, with counts and 95 % intervals. */
export function stageTable(report: DefenseReport): string {
  const { stages } = report;
  const columns = stageColumns(report).map(({ stage }) => stage);
  const cells = RATE_NAMES.map((name) => [
    name === 'attackSuccessRate' ? asrTitle(report) : figureTitle(report, name),
    ...columns.map((stage) => (stage ? rateCell(stage[name]) : '–')),
  ]);
  const aim = otherAimOf(report);
  if (aim !== null)
    cells.splice(2, 0, [
      `Sent to class ${aim}, net`,
      ...columns.map((stage) => (stage ? excessCell(excessTo(aim, stage, report.trigger)) : '–')),
    ]);
  if (report.trigger && stages.before.effect) {
    const effectRow = (name: string, of: (effect: TriggerEffect) => string): string[] => [
      name,
      ...columns.map((stage) => (stage?.effect ? of(stage.effect) : '–')),
    ];
    cells.push(
      effectRow(`Class ${report.trigger.target} without the trigger (base rate)`, ({ baseRate, classes }) =>
        classes ? rateCell(baseRate) : weightedCell(baseRate),
      ),
    );
    cells.push(effectRow('Made wrong by the trigger, net', ({ netWrong }) => signed(netWrong, fixedShare)));
  }
  return table(['%, 95 % interval, count', ...stageColumns(report).map(({ title }) => title)], cells);
}

/** The figure of a gate that is an excess is no ASR: it has another name, and is of another class or of fewer images. */
function asrTitle(report: DefenseReport, { excess }: Pick<Gate, 'excess'> = {}): string {
  const { trigger } = report;
  if (excess) return `Sent to class ${excess.class} by the trigger, net${onEstimated(report)}`;
  return `${trigger ? `Attack success rate (ASR, class ${trigger.target})` : GATE_TITLES.maxAttackSuccessRate}${onEstimated(report)}`;
}

/** The class that the trigger sends most images to, where that is not its target: as the model came, else as it is now. */
export function otherAimOf(report: DefenseReport): number | null {
  const { trigger, repaired, provenance } = report;
  const stages = stagesOf(report);
  const limit = provenance.config.gates.maxAttackSuccessRate;
  for (const stage of [stages.before, ...(repaired ? [stages.after] : [])]) {
    const effect = judgeEffect(stage, trigger, limit);
    const aim = effect && otherAim(effect, limit);
    if (aim !== null) return aim;
  }
  return null;
}

function excessCell(excess: ClassFigure | null): string {
  if (!excess) return 'not measured';
  return `${signed(excess.share, fixedShare)} (${signed(excess.low, fixedShare)}–${signed(excess.high, fixedShare)}), of ${count(excess.of)}`;
}

/** `98.89 (98.67–99.08), 9,889 of 10,000`. */
export function rateCell(rate: Rate | null): string {
  if (!rate) return 'not measured';
  if (rate.of === 0) return 'no image';
  return `${fixedShare(rate.rate)} (${fixedShare(rate.low)}–${fixedShare(rate.high)}), ${count(rate.hits)} of ${count(rate.of)}`;
}

/** Without a count: it is of other images than those that the share is of. */
function weightedCell({ rate, low, high }: Rate): string {
  return `${fixedShare(rate)} (${fixedShare(low)}–${fixedShare(high)}), weighted`;
}

export function tableNote(report: DefenseReport): string {
  return [
    TABLE_NOTE,
    ...otherNote(report),
    ...(report.stages.before.effect ? [report.stages.before.effect.classes ? BASE_NOTE : SAMPLES_NOTE, NET_NOTE] : []),
    ...(isEstimated(report) ? [ESTIMATED_NOTE] : []),
  ].join(' ');
}

/** The two rows are of different images: each leaves out those that are labelled as its class. */
function otherNote(report: DefenseReport): string[] {
  const aim = otherAimOf(report);
  const excess = aim === null ? null : excessTo(aim, stageOf(report, 'before'), report.trigger);
  const asr = report.stages.before.attackSuccessRate;
  if (!excess || !asr || !report.trigger) return [];
  return [
    `Sent to class ${aim}, net: images with the trigger that are classified as class ${aim}, less those of them that are classified so without it; this leaves out the images of class ${aim} (${count(excess.of)} remain), as the ASR leaves out those of class ${report.trigger.target} (${count(asr.of)} remain).`,
  ];
}

const ESTIMATED_NOTE =
  "The trigger was *estimated* from the model by trigger inversion: the attacker's own is not known and may do more.";
const BASE_NOTE = 'Base rate: those same inputs, without the trigger, classified as the target.';
const SAMPLES_NOTE =
  "Base rate: clean test images of other classes classified as the target, weighted by the samples' classes.";
const NET_NOTE = 'Net: images of any class that the trigger makes wrong, less those that it makes right.';
const TABLE_NOTE =
  'Clean accuracy: clean test images classified as labelled. ASR: triggered inputs, their true class not the target, classified as the target. Robust accuracy: those same inputs classified as their true class. Intervals: Wilson, 95 %.';

/** Before against after on the same images. */
export function pairedLine(report: DefenseReport): string {
  const { comparison, repaired } = report;
  if (!repaired) return 'Nothing was repaired: the model was measured, not changed.';
  const told = (name: string, verb: string, { onlyBefore, onlyAfter, pValue }: McNemar): string =>
    `${name}: ${count(onlyBefore)} ${verb} only before, ${count(onlyAfter)} only after (${pWords(pValue)})`;
  const parts = [
    told('clean accuracy', 'right', comparison.cleanAccuracy),
    ...(comparison.attackSuccess ? [told(asrName(report), 'successful', comparison.attackSuccess)] : []),
  ];
  return `Before and after, on the same images (McNemar's exact test): ${parts.join('; ')}.`;
}

/** Findings, most serious first, and missed gates about which something was decided. */
export function findingList(report: DefenseReport, issues: readonly ReviewedIssue[] | undefined): string {
  const told: Pick<ReviewedIssue, 'id' | 'severity' | 'message' | 'status' | 'decision'>[] = issues
    ? issues.filter((issue) => !issue.id.startsWith('gate.') || issue.decision !== null)
    : report.findings.map((finding) => ({ ...finding, status: 'open', decision: null }));
  if (told.length === 0) return 'None.';
  const lines = told
    .slice(0, MOST_ISSUES)
    .map(
      (issue) => `- **${capital(issue.severity)}** ${code(issue.id)}: ${text(issue.message)}${decisionWords(issue)}`,
    );
  return [...lines, ...(told.length > MOST_ISSUES ? [`- … and ${count(told.length - MOST_ISSUES)} more.`] : [])].join(
    '\n',
  );
}

function decisionWords({ status, decision }: Pick<ReviewedIssue, 'status' | 'decision'>): string {
  if (!decision) return '';
  const until = decision.expires === undefined ? '' : ` until ${text(decision.expires)}`;
  const words = {
    open: 'Not decided',
    accepted: `☑️ **Accepted**${until}`,
    expired: `Accepted${until}, now **expired**`,
    stale: 'Accepted **for other figures**, so no longer valid',
  }[status];
  return `\n  - ${words}, by ${code(decision.author)} on ${text(decision.date)}: ${text(decision.reason)}`;
}
