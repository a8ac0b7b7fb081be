import {
  classesOf,
  classRate,
  cleanConfusion,
  triggeredConfusion,
  type Confusion,
  stagesOf,
  type Stage,
} from '../../../protocol/report/confusion';
import type { DefenseReport, Rate } from '../../../protocol/report/report';
import { canonicalJson, sha256 } from '../../files/hash';
import { rate } from '../../metrics/rate';
import { code, fenced, text } from '../../../protocol/text/markdown';
import { jsonBlock } from './json-block';
import { shellWord } from '../../../protocol/text/shell-word';
import { rateCell, table } from './figures';
import { CONFIG_FILE } from '../../../protocol/files';
import { count, unitWord, indexList } from '../../../protocol/words';
import { HOW_FOUND, asrName, isEstimated } from '../../../protocol/report/words';

/** Of matrices with more classes only what is confused most is shown. */
const MATRIX_CLASSES = 20;
const CLASS_ROWS = 100;
const MOST_CONFUSED = 20;
const MOST_UNITS = 2000;

/** What was pruned, and how much of it did anything. */
export function prunedUnits(report: DefenseReport): string {
  const { pruning, layer, repaired, attempts } = report;
  if (!repaired) return 'None: the model was measured, not changed.';
  const strategy = attempts?.find((attempt) => attempt.chosen)?.strategy;
  if (strategy && pruning.count === 0) return `None: the strategy ${code(strategy)} pruned nothing.`;
  const which = choiceWords(report);
  const raised =
    pruning.amongTriggerRaised === null || pruning.count === 0
      ? ''
      : ` Of the ${count(pruning.count)} units that the ${isEstimated(report) ? '*estimated* ' : ''}trigger raises most, ${pruning.amongTriggerRaised === 0 ? 'none' : count(pruning.amongTriggerRaised)} ${pruning.amongTriggerRaised < 2 ? 'is' : 'are'} among them.`;
  const head = `${count(pruning.count)} of ${count(layer.units)} ${unitWord(layer.kind, layer.units)} of ${code(layer.name)} (${which}); ${count(pruning.dead)} of them ${pruning.dead === 1 ? 'was' : 'were'} dead anyway, constant over ${count(layer.images)} clean images.${raised}`;
  if (pruning.count === 0) return head;
  const inOrder = [...pruning.units].sort((a, b) => a - b);
  return `${head}\n\nUnits: ${indexList(inOrder, MOST_UNITS)}.`;
}

/** How many were pruned, and which of them first. */
function choiceWords(report: DefenseReport): string {
  const { pruning, curve, attempts } = report;
  const chosen = attempts?.find((attempt) => attempt.chosen);
  if (pruning.ratio === null) return 'named in the config';
  const first = {
    'clean-mean': 'lowest mean activation on clean images first',
    'clean-mean-abs': 'lowest mean absolute activation on clean images first',
    'triggered-difference': `largest rise under the ${isEstimated(report) ? '*estimated* ' : ''}trigger first`,
  }[pruning.rule];
  if (chosen) return `chosen by the strategy ${code(chosen.strategy)}, ${first}`;
  const many =
    pruning.ratio !== 'auto'
      ? `a ratio of ${pruning.ratio}`
      : curve.smallestWithinGate
        ? `as few as bring the ${asrName(report)} within its gate on held-out images`
        : 'as many as the limit on the drop in clean accuracy allows on held-out images';
  return `${many}, ${first}`;
}

/** One command, and what has to be the same for the same bytes to come out. */
export function reproduction(report: DefenseReport, name: string): string {
  const { provenance } = report;
  const { config } = provenance;
  const overridden = sha256(canonicalJson(config)) !== provenance.configHash;
  const flags = overridden
    ? [
        '--backend',
        provenance.backend,
        '--threads',
        String(config.threads),
        '--seed',
        String(config.seed),
        ...(config.data.fineTuneImages === null ? [] : ['--fine-tune-images', String(config.data.fineTuneImages)]),
        ...(config.curve === 'full' ? ['--full-curve'] : []),
        ...(config.strategy ? ['--strategy', config.strategy] : []),
      ]
    : [];
  const command = ['fine-prune', 'run', shellWord(CONFIG_FILE.named(name)), ...flags].join(' ');
  const why = overridden ? ' The flags repeat the settings that this run took from its command line.' : '';
  const machine =
    provenance.backend === 'native'
      ? `${code(provenance.engine)}, ${count(provenance.threads)} ${provenance.threads === 1 ? 'thread' : 'threads'}, oneDNN ${provenance.oneDnn ? 'on' : 'off'} and these instruction sets: ${code(provenance.cpuFeatures.join(', ') || 'none')}`
      : code(provenance.engine);
  return `${fenced('sh', command)}\n\nThe same inputs give the same bytes on ${machine}. Elsewhere, a few images may be classified differently.${why} The command writes beside the config; \`--out FOLDER\` writes elsewhere.`;
}

export function classTable(report: DefenseReport): string {
  const { before, after } = stagesOf(report);
  const rateOf = (stage: Stage, label: number): Rate => rate(classRate(stage, label).hits, classRate(stage, label).of);
  const classes = Array.from({ length: classesOf(report) }, (_, label) => label).filter(
    (label) => classRate(before, label).of > 0,
  );
  const worst = [...classes]
    .sort((a, b) => classRate(after, a).rate - classRate(after, b).rate || a - b)
    .slice(0, CLASS_ROWS);
  const shown = classes.length > CLASS_ROWS ? worst : classes;
  const rows = shown.map((label) => [
    String(label),
    rateCell(rateOf(before, label)),
    report.repaired ? rateCell(rateOf(after, label)) : '–',
  ]);
  const empty = classesOf(report) - classes.length;
  const without = empty > 0 ? `, ${count(empty)} of them without a test image` : '';
  const note =
    classes.length > CLASS_ROWS ? `\n\nThe ${CLASS_ROWS} worst of ${count(classesOf(report))} classes${without}.` : '';
  return `${table(['class', 'clean accuracy before, %', 'fine-tuned, %'], rows)}${note}`;
}

/** Clean images before and after, and triggered ones after. */
export function confusions(report: DefenseReport): string {
  const { repaired } = report;
  const stages = stagesOf(report);
  const triggered = `Triggered inputs${isEstimated(report) ? ' (*estimated* trigger)' : ''}`;
  const shown: [string, Confusion | null][] = [
    ['Clean images before', cleanConfusion(stages.before)],
    ['Clean images, fine-tuned', repaired ? cleanConfusion(stages.after) : null],
    [`${triggered} before`, triggeredConfusion(stages.before)],
    [`${triggered}, fine-tuned`, repaired ? triggeredConfusion(stages.after) : null],
  ];
  return (
    shown
      .flatMap(([title, matrix]) =>
        matrix ? [`**${title}** (rows: true class; columns: predicted)\n\n${matrixTable(matrix)}`] : [],
      )
      .join('\n\n') + targetNote(report)
  );
}

/** A row of zeros would read as if no image of the class had been there. */
function targetNote({ trigger }: DefenseReport): string {
  return trigger
    ? `\n\nTriggered inputs have no images of class ${trigger.target}: it is the target, and images that are already labelled so can't be misled to it.`
    : '';
}

function matrixTable(matrix: Confusion): string {
  if (matrix.classes <= MATRIX_CLASSES) {
    const labels = Array.from({ length: matrix.classes }, (_, label) => label);
    const cell = (n: number): string => (n === 0 ? '·' : count(n));
    return table(
      ['', ...labels.map(String)],
      labels.map((label) => [`**${label}**`, ...labels.map((predicted) => cell(matrix.count(label, predicted)))]),
    );
  }
  const wrong = [...matrix.wrong()].map(([label, predicted, n]) => ({ label, predicted, n }));
  const most = wrong
    .sort((a, b) => b.n - a.n || a.label - b.label || a.predicted - b.predicted)
    .slice(0, MOST_CONFUSED);
  return `${table(
    ['true class', 'predicted', 'images'],
    most.map(({ label, predicted, n }) => [String(label), String(predicted), count(n)]),
    0,
  )}\n\nThe ${count(most.length)} most frequent of ${count(wrong.length)} confusions.`;
}

export function hashes({ model, data, provenance }: DefenseReport): string {
  const row = (what: string, file: string | null, hash: string): string[] => [
    what,
    file === null ? '' : code(file, true),
    code(hash, true),
  ];
  const rows = [
    row('input model, topology', model.path, model.before.topology),
    row('input model, weights', null, model.before.weights),
    ...(model.after
      ? [
          row('defended model, topology', model.after.path, model.after.topology),
          row('defended model, weights', null, model.after.weights),
        ]
      : []),
    ...data.files.slice(0, 50).map((file) => row('data', file.path, file.sha256)),
    row('config, without command-line flags', null, provenance.configHash),
  ];
  return table(['what', 'path', 'SHA-256'], rows, 3);
}

export function provenanceList(report: DefenseReport): string {
  const { provenance: p, model, data, layer, trigger, fineTuning } = report;
  const history = fineTuning.history
    .slice(0, 50)
    .map(({ epoch, loss, accuracy }) => `epoch ${epoch}: loss ${loss}, accuracy ${accuracy}`)
    .join('; ');
  const lines: [string, string][] = [
    ['Tool', text(p.tool)],
    [
      'Engine',
      `${p.backend}, ${text(p.engine)}; ${count(p.threads)} ${p.threads === 1 ? 'thread' : 'threads'}${p.oneDnn === null ? '' : `, oneDNN ${p.oneDnn ? 'on' : 'off'}`}${p.cpuFeatures.length > 0 ? `, ${text(p.cpuFeatures.join(', '))}` : ''}`,
    ],
    ['Model', `${text(model.format)}, ${count(model.layers)} layers, ${count(model.parameters)} parameters`],
    [
      'Layer',
      `${code(layer.name)}, ${layer.kind}, ${text(layer.activation)}, ${layer.chosen === 'named' ? `named ${p.config.layer === null ? 'by the strategy' : 'in the config'}` : HOW_FOUND[layer.chosen]}; ${count(layer.dead.length)} of ${count(layer.units)} ${unitWord(layer.kind, layer.units)} dead`,
    ],
    [
      'Trigger',
      trigger
        ? `${text(trigger.kind)}, ${trigger.source}, target class ${count(trigger.target)}, ${count(trigger.inputs)} inputs`
        : 'none known',
    ],
    ...(p.config.strategy ? [['Strategy', text(p.config.strategy)] as [string, string]] : []),
    [
      'Data',
      `${text(data.format)}, ${data.shape.join('×')}, ${count(classesOf(report))} classes; ${count(data.test.images)} of ${count(data.test.available)} test images, ${count(data.analysis.images)} analysed (${data.analysis.role}), ${count(data.holdout.images)} held out`,
    ],
    [
      'Fine-tuning',
      `${count(fineTuning.images)} of ${count(data.fineTune.available)} images, ${count(fineTuning.steps)} steps${history ? `; ${history}` : ''}`,
    ],
    ...(fineTuning.frozen.length > 0 ? [['Not trained', text(fineTuning.frozen.join(', '))] as [string, string]] : []),
  ];
  return lines.map(([name, value]) => `- ${name}: ${value}`).join('\n');
}

export function settings({ provenance }: DefenseReport): string {
  return fenced('json', jsonBlock(provenance.config));
}
