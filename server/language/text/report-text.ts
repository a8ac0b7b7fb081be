import type { DefenseReport, StageMetrics, VerdictWord } from '../../protocol/report/report';

/** How figures are written wherever the editor shows them. */

/**
 * A share in [0, 1] as a percentage: `98.9 %`, `0.06 %`, `100 %`. Never rounds up to 100 % or down to 0 %: a model that errs
 * once is not shown as perfect.
 */
export function percent(share: number): string {
  const exact = share * 100;
  if (exact === 0 || exact === 100) return `${exact} %`;
  for (let digits = exact < 1 || exact > 99.9 ? 2 : 1; digits <= 4; digits++) {
    const rounded = Number(exact.toFixed(digits));
    if (rounded !== 0 && rounded !== 100) return `${rounded} %`;
  }
  return exact > 50 ? '> 99.9999 %' : '< 0.0001 %';
}

/** How far something is, a share in [0, 1], as a whole percentage; 100 % only at its end. */
export function percentDone(share: number): string {
  return `${Math.floor(share * 100)} %`;
}

/** Whole numbers with a comma every three digits. */
export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** An activation to three digits: `0.634`, `4.7`, `1,230`. */
export function figure(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumSignificantDigits: 3 });
}

/** `1 neuron`, `25 neurons`. */
export function plural(n: number, word: string): string {
  return `${count(n)} ${word}${n === 1 ? '' : 's'}`;
}

/** The first letter in upper case. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Some indices of a longer list: `3, 7, 12 and 22 more`. */
export function indexList(indices: readonly number[], most: number): string {
  if (indices.length <= most) return indices.join(', ');
  return `${indices.slice(0, most).join(', ')} and ${count(indices.length - most)} more`;
}

/** ⌊ratio·n + 1e-9⌋: the number of units that a ratio prunes. */
export function prunedCount(ratio: number, units: number): number {
  return Math.floor(ratio * units + 1e-9);
}

/** Units of a convolution are channels, those of a Dense layer neurons. */
export function unitWord(className: string): string {
  return className === 'Dense' ? 'neuron' : 'channel';
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

type RateName = 'cleanAccuracy' | 'attackSuccessRate' | 'robustAccuracy';

export const RATE_TITLES: Record<RateName, string> = {
  cleanAccuracy: 'clean accuracy',
  attackSuccessRate: 'ASR',
  robustAccuracy: 'robust accuracy',
};

/** What a figure is called: on a trigger that was estimated from the model it says so. */
export function rateTitle({ trigger }: Pick<DefenseReport, 'trigger'>, name: RateName): string {
  return name === 'cleanAccuracy' || trigger?.source !== 'estimated'
    ? RATE_TITLES[name]
    : `${RATE_TITLES[name]} (estimated trigger)`;
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
  const names: RateName[] = ['cleanAccuracy', 'attackSuccessRate', 'robustAccuracy'];
  return names
    .filter((name) => report.stages.before[name])
    .map((name) => beforeAfter(report, name))
    .join(', ');
}

/** A Markdown table of the figures at each stage, with the 95 % interval of the last. */
export function stageTable(report: DefenseReport): string {
  const { before, pruned, after } = report.stages;
  const rows = (Object.keys(RATE_TITLES) as RateName[]).flatMap((name) => {
    const last = after[name];
    if (!last) return [];
    const of = report.trigger?.source === 'estimated' && name !== 'cleanAccuracy' ? ', *estimated* trigger' : '';
    const title = `${name === 'attackSuccessRate' ? 'Attack success rate (ASR)' : capital(RATE_TITLES[name])}${of}`;
    return [
      `| ${title} | ${rateOf(before, name)} | ${rateOf(pruned, name)} | **${rateOf(after, name)}** | ${percent(last.low)} – ${percent(last.high)} | ${count(last.of)} |`,
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
