import type { Diagnostic, DiagnosticRelatedInformation, Range } from 'vscode-languageserver-types';
import type { DefenseReport, UnitActivation } from '../../protocol/report/report';
import { formerVersion } from '../../protocol/report/former';
import { withSettings } from '../../protocol/report/run-settings';
import { nodeAt, rangeOf, topRange, type ConfigText } from '../text/config-text';
import type { InspectLink } from '../model/actions';
import { layerRange, modelTop, type ModelText } from '../model/text';
import { problem } from '../text/problem';
import { beforeAfterLine, figure, verdictSeverity } from '../text/report-text';
import { staleText, type LastRun } from './run-state';
import { configSettingsDiagnostics } from './settings-diagnostics';
import { capital, count, indexList, percent, plural, unitWord } from '../../protocol/words';

/** Indices that a message spells out; the report has them all. */
const SPELT_INDICES = 32;

/** That the figures of a report are not shown, and why. */
function staleNote({ report, reportUri, changed }: LastRun, range: Range): Diagnostic {
  const code = formerVersion(report) ? 'result.former' : 'result.stale';
  return problem(code, 'information', range, staleText(changed, report, reportUri));
}

/** What a run says about a model, at the layer that was pruned. Stale figures are not shown: one note says so instead. */
export function modelDiagnostics(text: ModelText, last: LastRun): Diagnostic[] {
  const { report, changed } = last;
  if (changed.length) return [staleNote(last, modelTop(text.document))];
  const range = layerRange(text, report.layer.name);
  return [
    verdict(last, range),
    {
      ...problem('result.pruned', 'information', range, prunedText(report)),
      data: { title: `Inspect layer ${report.layer.name}`, layer: report.layer.name } satisfies InspectLink,
    },
    ...loudest(report, range),
    ...report.findings.map((finding) => problem(`finding.${finding.id}`, finding.severity, range, finding.message)),
  ];
}

/** What a run says about its config: the verdict, at the gate that decided it. */
export function configResultDiagnostics(config: ConfigText, last: LastRun, modelUri: string | undefined): Diagnostic[] {
  const { report, changed } = last;
  if (changed.length) return [staleNote(last, topRange(config))];
  const missed = report.gates.find((gate) => !gate.met);
  // Under the model's path an error would read as if the file were missing.
  const node =
    (missed && nodeAt(config, ['gates', missed.id])) ??
    nodeAt(config, ['trigger', 'kind']) ??
    nodeAt(config, ['model']);
  const range = node ? rangeOf(config, node) : topRange(config);
  const related: DiagnosticRelatedInformation[] = modelUri
    ? [
        {
          location: { uri: modelUri, range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } } },
          message: prunedText(report),
        },
      ]
    : [];
  return [{ ...verdict(last, range), relatedInformation: related }, ...configSettingsDiagnostics(config, last)];
}

function verdict({ report, settings = [] }: LastRun, range: Diagnostic['range']): Diagnostic {
  const made = withSettings(settings);
  // The figures first: a list of problems shows no more than the beginning.
  const text = `${capital(report.verdict.word)}${made && ` ${made}`}: ${beforeAfterLine(report)}. ${report.verdict.sentence}`;
  return problem('result.verdict', verdictSeverity(report.verdict.word), range, text);
}

/** Where the backdoor is still there: the unit that gives it away most, which leads to a look at it. */
function loudest(
  { verdict: { word }, trigger, layer, pruning }: DefenseReport,
  range: Diagnostic['range'],
): Diagnostic[] {
  if (word !== 'not mitigated' || trigger?.source !== 'known') return [];
  const rise = ({ cleanMean, triggeredMean }: UnitActivation): number => (triggeredMean ?? -Infinity) - cleanMean;
  const unit = layer.activations.reduce((best, one, u, all) => (u > 0 && rise(one) <= rise(all[best]!) ? best : u), -1);
  const found = layer.activations[unit];
  if (!found || found.triggeredMean === null || found.triggeredFires === null || rise(found) <= 0) return [];
  const name = `${unitWord(layer.kind)} ${unit}`;
  const text =
    `${capital(name)} of ${layer.name} is raised most by the trigger, from a mean of ${figure(found.cleanMean)} to ${figure(found.triggeredMean)}: it fires on ` +
    `${percent(found.triggeredFires)} of triggered and ${percent(found.cleanFires)} of clean inputs, and was ${pruning.units.includes(unit) ? '' : 'not '}pruned.`;
  return [
    {
      ...problem('result.loudest', 'information', range, text),
      data: { title: `Inspect ${name}`, layer: layer.name, unit } satisfies InspectLink,
    },
  ];
}

/** `25 of 128 neurons of dense_1 were pruned: 3, 7, …`. */
export function prunedText(report: DefenseReport): string {
  const { pruning, layer } = report;
  const of = `${count(pruning.count)} of ${plural(layer.units, unitWord(layer.kind))} of ${layer.name}`;
  if (pruning.count === 0) return `${of} were pruned.`;
  return `${of} ${pruning.count === 1 ? 'was' : 'were'} pruned: ${indexList(
    [...pruning.units].sort((a, b) => a - b),
    SPELT_INDICES,
  )}. ${capital(beforeAfterLine(report))}.`;
}
