import type { Hover, Position } from 'vscode-languageserver-types';
import type { DefenseReport, McNemar, Rate } from '../../protocol/report/report';
import type { RunSetting } from '../../protocol/report/run-settings';
import { settingsMarkdown } from '../config/hover';
import type { ConfigText } from '../text/config-text';
import { hoverAt, type Path } from '../text/hover-at';
import { TERMS, type TermId } from '../text/metric-text';
import { repairPart } from './repair-hover';
import { capital, count, percent, plural, unitWord } from '../../protocol/words';
import { rateTitle } from '../../protocol/report/words';
import { code, text } from '../../protocol/text/markdown';

const RULES: Record<DefenseReport['pruning']['rule'], string> = {
  'clean-mean': 'Units with the lowest mean activation on clean images were pruned first.',
  'clean-mean-abs': 'Units with the lowest mean absolute activation on clean images were pruned first.',
  'triggered-difference': 'Units whose mean activation the known or estimated trigger raises most were pruned first.',
};

/** Units that the config names go whatever the rule says; it orders the curve alone. */
function rule({ pruning }: DefenseReport): string {
  return pruning.ratio === null && pruning.count > 0
    ? 'The config names the units that were pruned; the rule only orders the curve.'
    : RULES[pruning.rule];
}

/**
 * What a figure of a report means, and what it comes to here. Null where there is nothing to add to the text.
 * @param settings those that its run had and the config beside it has not, as far as they are known
 */
export function reportHover(
  document: ConfigText,
  report: DefenseReport,
  position: Position,
  settings: readonly RunSetting[] = [],
): Hover | null {
  return hoverAt(document, position, (path) => explain(report, path, settings));
}

/** Markdown paragraphs for the value at a path; undefined when a wider one explains it. */
function explain(report: DefenseReport, path: Path, settings: readonly RunSetting[]): string[] | undefined {
  const [top, second, third] = path;
  switch (top) {
    case 'stages':
      return stage(report, path);
    case 'gates':
      return typeof second === 'number' ? gate(report, second) : term('gate');
    case 'verdict':
      return [`**${capital(report.verdict.word)}**`, text(report.verdict.sentence), ...settingsMarkdown(settings)];
    case 'findings':
      return typeof second === 'number' && path.length === 2 ? finding(report, second) : undefined;
    case 'comparison':
      return second === 'cleanAccuracy' || second === 'attackSuccess'
        ? comparison(report.comparison[second], second)
        : undefined;
    case 'curve':
      return second === 'points' && typeof third === 'number'
        ? curvePoint(report, third)
        : second === 'largestWithinLimit' || second === 'smallestWithinGate'
          ? chosenOnHeldOut(report, second)
          : undefined;
    case 'layer':
      return layer(report, path);
    case 'pruning':
      return second === 'amongTriggerRaised'
        ? [
            'How many of the pruned units are among the units that the trigger raises most. Near 0: pruning missed the backdoor.',
          ]
        : path.length <= 2
          ? [
              ...term('prunedNeuron'),
              ...(second === 'ratio' ? term('pruningRatio') : second === 'rule' ? [rule(report)] : []),
            ]
          : undefined;
    case 'trigger':
      return path.length <= 2
        ? [
            ...term(second === 'target' ? 'targetClass' : 'trigger'),
            ...(report.trigger?.source === 'estimated' ? term('estimatedTrigger') : []),
          ]
        : undefined;
    case 'scan':
    case 'attempts':
    case 'proof':
      return repairPart(report, path);
    case 'provenance':
      if (second === 'config') return settings.length ? settingsMarkdown(settings) : undefined;
      if (second === 'overridden')
        return [
          'Settings given on the command line of the run that differ from its config file.',
          ...settingsMarkdown(settings),
        ];
      return second === 'configHash'
        ? [
            'SHA-256 of the config with every default filled in, in canonical form. A different hash means that the config has changed since.',
            ...settingsMarkdown(settings),
          ]
        : undefined;
    case 'model':
      return path.length >= 2
        ? [
            'SHA-256 of what the layers compute (`topology`) and of the values that they read (`weights`), whatever file the model lies in: a different hash of these means a different model. `form` covers how the file holds them: names, types, places.',
          ]
        : undefined;
    default:
      return undefined;
  }
}

function stage(report: DefenseReport, [, name, figure, key]: Path): string[] | undefined {
  if (name !== 'before' && name !== 'pruned' && name !== 'after') return undefined;
  const title = {
    before: 'The input model',
    pruned: 'Pruned, before fine-tuning',
    after: 'Pruned and fine-tuned',
  }[name];
  if (figure === 'cleanAccuracy' || figure === 'attackSuccessRate' || figure === 'robustAccuracy') {
    const rate = report.stages[name][figure];
    return [
      `**${capital(rateTitle(report, figure))}** · ${title.toLowerCase()}`,
      rate ? rateText(rate) : 'Not measured: no trigger is known.',
      TERMS[figure].definition,
      ...(figure !== 'cleanAccuracy' && report.trigger?.source === 'estimated'
        ? [TERMS.estimatedTrigger.definition]
        : []),
      ...(key === 'low' || key === 'high' ? [TERMS.wilson.definition] : []),
    ];
  }
  if (figure === 'effect')
    return [
      `**What the trigger does** · ${title.toLowerCase()}`,
      ...effectText(report.stages[name]),
      TERMS.excess.definition,
    ];
  return figure === undefined ? [`**${title}**`] : undefined;
}

function effectText({ effect }: DefenseReport['stages']['before']): string[] {
  if (!effect) return [];
  const net = effect.netWrong < 0 ? `−${percent(-effect.netWrong)}` : percent(effect.netWrong);
  const { rate, low, high } = effect.baseRate;
  const base = effect.classes
    ? rateText(effect.baseRate)
    : `**${percent(rate)}**, weighted by the samples' classes; 95 % interval ${percent(low)} – ${percent(high)}.`;
  return [`Base rate ${base} Net, the trigger makes ${net} of all images wrong.`];
}

const rateText = (rate: Rate): string =>
  `**${percent(rate.rate)}**: ${count(rate.hits)} of ${count(rate.of)}; 95 % interval ${percent(rate.low)} – ${percent(rate.high)}.`;

function gate(report: DefenseReport, index: number): string[] | undefined {
  const found = report.gates[index];
  if (!found) return undefined;
  const judged =
    found.judged === null
      ? 'It could not be measured, so it is not met.'
      : `Measured ${percent(found.measured ?? 0)}, judged by ${percent(found.judged)}${found.excess ? `, the upper bound of the excess of class ${found.excess.class} over the untriggered images` : found.id === 'maxAttackSuccessRate' ? ', the upper bound of the 95 % interval' : ''}: ${found.met ? 'met' : '**missed**'}.`;
  return [`**Gate ${code(found.id)}** · limit ${percent(found.limit)}`, judged, TERMS.gate.definition];
}

function finding(report: DefenseReport, index: number): string[] | undefined {
  const found = report.findings[index];
  return (
    found && [
      `**Finding ${code(found.id)}** · ${found.severity}`,
      'It weakens the result. A reviewer can accept it with a reason, which is saved next to the report.',
    ]
  );
}

function comparison(test: McNemar | null, which: 'cleanAccuracy' | 'attackSuccess'): string[] {
  if (!test) return ['Not measured: no trigger is known.'];
  const word = which === 'cleanAccuracy' ? 'right' : 'classified as the target';
  return [
    `**McNemar’s exact test**, before against after, on the same images`,
    `${count(test.onlyBefore)} images were ${word} only before, ${count(test.onlyAfter)} only after; p = ${test.pValue < 1e-4 ? '< 0.0001' : test.pValue.toPrecision(2)}.`,
  ];
}

function curvePoint(report: DefenseReport, index: number): string[] | undefined {
  const { curve } = report;
  const point = curve.points[index];
  if (!point) return undefined;
  const attack =
    point.successful !== null && curve.triggeredImages
      ? `, ${rateTitle(report, 'attackSuccessRate')} ${percent(point.successful / curve.triggeredImages)}`
      : '';
  return [
    `**${plural(point.pruned, 'unit')} pruned**, before fine-tuning: clean accuracy ${percent(point.correct / curve.images)}${attack}.`,
  ];
}

function chosenOnHeldOut({ curve }: DefenseReport, which: 'largestWithinLimit' | 'smallestWithinGate'): string[] {
  const what =
    which === 'largestWithinLimit'
      ? 'The largest number of pruned units within the limit on clean accuracy.'
      : curve.smallestWithinGate === null
        ? 'No number of pruned units brings the ASR within its gate and keeps the limit on clean accuracy.'
        : 'The smallest number of pruned units that brings the ASR within its gate and keeps the limit on clean accuracy.';
  return [
    `${what} Chosen on held-out images, which neither fine-tuning nor the test has seen.`,
    TERMS.holdout.definition,
  ];
}

function layer({ layer: analysed }: DefenseReport, [, part, index]: Path): string[] | undefined {
  if (part === 'dead')
    return [`**Dead ${unitWord(analysed.kind)}s** are constant over all ${count(analysed.images)} clean images.`];
  if (part !== 'activations' || typeof index !== 'number') return undefined;
  const unit = analysed.activations[index];
  if (!unit) return undefined;
  const figure = (value: number): string => String(Number(value.toPrecision(4)));
  const triggered =
    unit.triggeredMean === null || unit.triggeredFires === null
      ? ''
      : ` With the trigger: mean ${figure(unit.triggeredMean)}, fires on ${percent(unit.triggeredFires)}.`;
  return [
    `**${capital(unitWord(analysed.kind))} ${index}** · mean ${figure(unit.cleanMean)}, fires on ${percent(unit.cleanFires)} of clean images.${triggered}`,
    TERMS.meanActivation.definition,
  ];
}

const term = (id: TermId): string[] => [`**${TERMS[id].title}**`, TERMS[id].definition];
