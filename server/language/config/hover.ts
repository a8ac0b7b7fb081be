import { findNodeAtOffset, getNodePath, type JSONPath } from 'jsonc-parser';
import { MarkupKind, type Hover, type Position } from 'vscode-languageserver-types';
import type { DefenseReport } from '../../protocol/report/report';
import { withSettings, type RunSetting } from '../../protocol/report/run-settings';
import { fieldAt, type Field } from './schema';
import { layerToPrune, namedUnits } from './checks';
import { rangeOf, valueAt, type ConfigText } from '../text/config-text';
import { summaryOf, type ConfigFacts } from '../text/facts';
import { termsOf } from '../text/metric-text';
import { beforeAfter } from '../text/report-text';
import { stillHolds, type LastScan } from '../scan/state';
import { scanMarkdown } from '../scan/text';
import { count, percent, plural, unitWord } from '../../protocol/words';
import { pruneCount } from '../../protocol/config/pruning';
import { code, text } from '../../protocol/text/markdown';

/**
 * Says what the field at a position is: definition, what it accepts, default, what it comes to with this model, and the
 * terms of the field it rests on.
 * @param known the last report, only if it still holds for the config as it stands, with the settings that its run had and the config has
 *   not; and the last scan of its model
 */
export function configHover(
  config: ConfigText,
  facts: ConfigFacts,
  position: Position,
  known: {
    report?: DefenseReport | undefined;
    settings?: readonly RunSetting[] | undefined;
    scan?: LastScan | undefined;
  } = {},
): Hover | null {
  const node = config.root && findNodeAtOffset(config.root, config.document.offsetAt(position));
  if (!node || node === config.root) return null;
  const isKey = node.parent?.type === 'property' && node.parent.children?.[0] === node;
  const isContainer = node.type === 'object' || node.type === 'array' || node.type === 'property';
  if (isContainer) return null;
  const path = isKey ? getNodePath(node.parent!.children?.[1] ?? node) : getNodePath(node);
  const field = fieldOf(config, path);
  if (!field) return null;
  const value = [
    head(field),
    field.description,
    ...here(config, facts, field, path),
    ...measured(field, known.report, known.settings),
    ...scanned(field, known.scan),
    ...termsOf(field.name).map(({ title, definition }) => `**${title}.** ${definition}`),
  ];
  return {
    contents: { kind: MarkupKind.Markdown, value: value.filter(Boolean).join('\n\n') },
    range: rangeOf(config, node),
  };
}

function fieldOf(config: ConfigText, path: JSONPath): Field | undefined {
  return fieldAt(path, (depth) => valueAt(config, [...path.slice(0, depth), 'kind']));
}

function head(field: Field): string {
  const presence = field.required
    ? 'required'
    : field.defaultValue === undefined
      ? 'optional'
      : `default \`${field.defaultValue}\``;
  return [`**\`${field.name}\`**`, field.accepts, presence].filter(Boolean).join(' · ');
}

/** What the value comes to with this model and data. */
function here(config: ConfigText, facts: ConfigFacts, field: Field, path: JSONPath): string[] {
  const summary = summaryOf(facts);
  const value = valueAt(config, path);
  const layer = layerToPrune(config, facts);
  if (field.name === 'model' && summary && !summary.problem) {
    return [
      `Here: ${plural(summary.layers.length, 'layer')}, ${plural(summary.parameters, 'parameter')}, ${summary.classes} classes${isReference(config) ? `; layer ${code(layer?.name ?? summary.penultimate ?? '')} would be pruned` : ''}.`,
    ];
  }
  if (field.name === 'layer' && layer?.units)
    return [`Here: ${text(layer.className)} with ${plural(layer.units, unitWord(layer.className))}.`];
  if (field.name === 'prune.ratio' && typeof value === 'number' && value >= 0 && value <= 1 && layer?.units) {
    return [
      `Here: **${count(pruneCount(value, layer.units))} of ${plural(layer.units, unitWord(layer.className))}** of layer ${code(layer.name)}.`,
    ];
  }
  const named = field.name === 'prune.units' && namedUnits(config, facts);
  if (named && named.beyond.length === 0 && named.within.size > 0) {
    return [
      `Here: **${count(named.within.size)} of ${plural(named.layer.units, unitWord(named.layer.className))}** of layer ${code(named.layer.name)}.`,
    ];
  }
  return [];
}

/** Other strategies choose by themselves what they prune. */
function isReference(config: ConfigText): boolean {
  return [undefined, 'fine-pruning'].includes(valueAt(config, ['strategy']) as undefined);
}

function measured(field: Field, report: DefenseReport | undefined, settings: readonly RunSetting[] = []): string[] {
  if (!report) return [];
  const run = settings.length ? `Last run, ${code(withSettings(settings))}` : 'Last run';
  const { after } = report.stages;
  switch (field.name) {
    case 'gates.maxAttackSuccessRate':
    case 'trigger':
      return after.attackSuccessRate
        ? [
            `${run}: ${beforeAfter(report, 'attackSuccessRate')} (95 % interval ${percent(after.attackSuccessRate.low)} – ${percent(after.attackSuccessRate.high)} over ${count(after.attackSuccessRate.of)} images).`,
          ]
        : [];
    case 'gates.maxAccuracyDrop':
      return [`${run}: ${beforeAfter(report, 'cleanAccuracy')}.`];
    default:
      return settings.some(({ path }) => path === field.name) ? settingsMarkdown(settings) : [];
  }
}

/** Settings that the last run had and the config has not, as a list; empty where there are none. */
export function settingsMarkdown(settings: readonly RunSetting[]): string[] {
  if (settings.length === 0) return [];
  const lines = settings.map(
    ({ path, run, config, option }) =>
      `- ${code(path)} ${code(run)}, in the config ${code(config)}${option === null ? '' : ` (${code(option)})`}`,
  );
  return [
    `The run used settings that are not in the config, so running the config on its own may give a different result:\n\n${lines.join('\n')}`,
  ];
}

/** What a scan found, where a person decides about a trigger. */
function scanned(field: Field, scan: LastScan | undefined): string[] {
  if (!scan || !stillHolds(scan) || scan.report.scan.word !== 'suspicious') return [];
  return /^trigger(\.(kind|target))?$|^strategy$/.test(field.name) ? scanMarkdown(scan.report) : [];
}
