import type { DefenseReport, StageMetrics, VerdictWord } from '../../protocol/report/report';
import { capital, count, percent } from '../../protocol/words';
import { RATE_NAMES, figureTitle, rateTitle, type RateName } from '../../protocol/report/words';

/** An activation to three digits: `0.634`, `4.7`, `1,230`. */
export function figure(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumSignificantDigits: 3 });
}

/** `Not mitigated · clean accuracy 98.9 % · ASR 93.4 %`: one line for lenses and status. @param made how, where the config does not say it: `with --strategy auto` */
export function resultLine(report: DefenseReport, made = ''): string {
  const { cleanAccuracy, attackSuccessRate } = report.stages.after;
  const asr = attackSuccessRate
    ? ` · ${rateTitle(report, 'attackSuccessRate')} ${percent(attackSuccessRate.rate)}${baseText(report.stages.after)}`
    : '';
  return `${capital(report.verdict.word)}${made && ` ${made}`} · clean accuracy ${percent(cleanAccuracy.rate)}${asr}`;
}

/** ` (base rate 0.07 %)`: what goes to the target without the trigger, beside an ASR; nothing in reports of earlier versions. */
function baseText({ effect }: StageMetrics): string {
  return effect ? ` (base rate ${percent(effect.baseRate.rate)})` : '';
}

function rateOf(stage: StageMetrics, name: RateName): string {
  const rate = stage[name];
  return rate ? `${percent(rate.rate)}${name === 'attackSuccessRate' ? baseText(stage) : ''}` : 'not measured';
}

/** `clean accuracy 98.7 % → 98.9 %`. */
export function beforeAfter(report: DefenseReport, name: RateName): string {
  return `${rateTitle(report, name)} ${rateOf(report.stages.before, name)} → ${rateOf(report.stages.after, name)}`;
}

/** All figures that were measured, before → after, in one line. */
export function beforeAfterLine(report: DefenseReport): string {
  return RATE_NAMES.filter((name) => report.stages.before[name])
    .map((name) => beforeAfter(report, name))
    .join(', ');
}

/** A Markdown table of the figures at each stage, with the 95 % interval of the last. */
export function stageTable(report: DefenseReport): string {
  const { before, pruned, after } = report.stages;
  const rows = RATE_NAMES.flatMap((name) => {
    const last = after[name];
    if (!last) return [];
    return [
      `| ${figureTitle(report, name)} | ${rateOf(before, name)} | ${rateOf(pruned, name)} | **${rateOf(after, name)}** | ${percent(last.low)} – ${percent(last.high)} | ${count(last.of)} |`,
    ];
  });
  return [
    '| | before | pruned | fine-tuned | 95 % interval | images |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}

/** How serious a verdict is: what the Problems panel shows it as. */
export function verdictSeverity(word: VerdictWord): 'error' | 'warning' | 'information' {
  if (word === 'not mitigated') return 'error';
  return word === 'accuracy lost' || word === 'not measurable' ? 'warning' : 'information';
}
