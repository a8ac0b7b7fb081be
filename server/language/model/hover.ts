import { MarkupKind, type Hover, type Position } from 'vscode-languageserver-types';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { strategyLayer, type LayerSummary, type ModelSummary } from '../../protocol/model';
import { settingsMarkdown } from '../config/hover';
import { code, text } from '../../protocol/text/markdown';
import { TERMS } from '../text/metric-text';
import { stringAround } from './text';
import { stageTable } from '../text/report-text';
import { prunedText } from '../report/result-diagnostics';
import type { LastRun } from '../report/run-state';
import { stillHolds, type LastScan } from '../scan/state';
import { scanMarkdown } from '../scan/text';
import { plural, unitWord } from '../../protocol/words';

/**
 * Says what a layer is, when its name is hovered; with the figures of the last run at the layer that was pruned, and what a scan found at
 * the classifier, whose units are the classes.
 */
export function modelHover(
  document: TextDocument,
  summary: ModelSummary,
  position: Position,
  last: LastRun | undefined,
  scan?: LastScan,
): Hover | null {
  const found = stringAround(document.getText(), document.offsetAt(position));
  const layer = found && summary.layers.find(({ name }) => name === found.value);
  if (!layer) return null;
  const value = [
    head(layer),
    role(layer, summary),
    ...results(layer, last),
    ...(scan && stillHolds(scan) && layer.name === summary.classifier ? scanMarkdown(scan.report) : []),
  ]
    .filter(Boolean)
    .join('\n\n');
  return {
    contents: { kind: MarkupKind.Markdown, value },
    range: { start: document.positionAt(found.offset), end: document.positionAt(found.offset + found.length) },
  };
}

function head(layer: LayerSummary): string {
  const parts = [
    text(layer.className),
    ...(layer.units === null ? [] : [plural(layer.units, unitWord(layer.className))]),
    plural(layer.parameters, 'parameter'),
  ];
  return `**${code(layer.name)}** · ${parts.join(' · ')}`;
}

function role(layer: LayerSummary, summary: ModelSummary): string {
  if (layer.name === summary.classifier) return 'The classifier: its units are the classes, so it is never pruned.';
  if (layer.name === summary.penultimate)
    return `**${TERMS.penultimateLayer.title}.** ${TERMS.penultimateLayer.definition}`;
  if (!layer.prunable) return '';
  return `Can be pruned when a config names it in \`layer\`.${layer.name === strategyLayer(summary) ? " A strategy chooses it on its own, since the penultimate layer can't be pruned." : ''}`;
}

function results(layer: LayerSummary, last: LastRun | undefined): string[] {
  if (!last || last.changed.length || last.report.layer.name !== layer.name) return [];
  return [text(prunedText(last.report)), ...settingsMarkdown(last.settings ?? []), stageTable(last.report)];
}
