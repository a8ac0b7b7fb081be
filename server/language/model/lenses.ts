import type { CodeLens } from 'vscode-languageserver-types';
import { COMMANDS, type InspectTarget } from '../../protocol/messages/lsp';
import { strategyLayer, type ModelSummary } from '../../protocol/model';
import { lastTitle, lastTooltip, type Doings } from '../config/lenses';
import { layerRange, modelTop, type ModelText } from './text';
import { activeTitle, type LastRun } from '../report/run-state';
import { scanLens } from '../scan/lenses';
import { count, plural, unitWord } from '../../protocol/words';
import { pruneCount } from '../../protocol/config/pruning';
import { label } from '../../protocol/text/label';
import { MOST_SENTENCE, named } from '../../protocol/text/plain';

/** What a config asks for, as far as it concerns the model's lenses; the reference set-up where there is no config. */
export interface PruningPlan {
  /** Null: the penultimate layer. */
  layer: string | null;
  /** Null where `units` are named instead. */
  ratio: number | 'auto' | null;
  units?: readonly number[];
  /** A repair that chooses by itself what it prunes, if anything. */
  strategy?: string;
  /** The config that says so. */
  configUri?: string;
}

/** Lenses of a model.json: at the top, and at the layer that would be pruned. TF.js writes one line, so each names its layer. */
export function modelLenses(
  text: ModelText,
  summary: ModelSummary,
  { plan, last, active, scan, scanning }: Doings & { plan: PruningPlan },
): CodeLens[] {
  const { document } = text;
  const top = modelTop(document);
  if (summary.problem) {
    return [
      {
        range: top,
        command: {
          title: `Fine-Prune cannot defend this model: ${label(summary.problem.message, MOST_SENTENCE)}`,
          command: '',
        },
      },
    ];
  }
  const run = active
    ? { title: activeTitle(active), command: '' }
    : {
        title: '▶ Fine-Prune Model',
        tooltip: `${plural(summary.layers.length, 'layer')}, ${plural(summary.parameters, 'parameter')}, ${summary.classes} classes`,
        command: COMMANDS.run,
        arguments: [document.uri],
      };
  const aboutScan = scanLens(top, plan.configUri ?? document.uri, scan, scanning);
  const isOffer = aboutScan.command?.command === COMMANDS.scan;
  const lenses: CodeLens[] = [{ range: top, command: run }, ...(isOffer ? [] : [aboutScan])];
  if (last) {
    lenses.push({
      range: top,
      command: {
        title: lastTitle(last),
        tooltip: lastTooltip(last),
        command: COMMANDS.openReport,
        arguments: [last.reportUri],
      },
    });
  }
  return [
    ...lenses,
    ...layerLenses(text, summary, plan, last),
    ...(isOffer ? [{ ...aboutScan, range: lastOfLine(text, summary, top) }] : []),
  ];
}

/**
 * Where a lens stands that may be cut off: editors order lenses by place, and TF.js writes one line, too long for all of them. The
 * classifier, whose units a scan is about, comes after what is pruned.
 */
function lastOfLine(text: ModelText, { classifier }: ModelSummary, top: CodeLens['range']): CodeLens['range'] {
  const range = classifier === null ? top : layerRange(text, classifier);
  return range.start.line === top.start.line ? range : top;
}

function layerLenses(text: ModelText, summary: ModelSummary, plan: PruningPlan, last: LastRun | undefined): CodeLens[] {
  const fresh = last && last.changed.length === 0 ? last.report : undefined;
  const name =
    fresh?.layer.name ?? plan.layer ?? (plan.strategy === undefined ? summary.penultimate : strategyLayer(summary));
  const layer = summary.layers.find((candidate) => candidate.name === name);
  if (!layer?.prunable) return [];
  const show = plan.configUri
    ? { command: COMMANDS.showConfig, arguments: [plan.configUri] }
    : { command: COMMANDS.run, arguments: [text.document.uri] };
  const title = fresh
    ? `Fine-Prune pruned ${count(fresh.pruning.count)} of ${plural(fresh.layer.units, unitWord(fresh.layer.kind))} of ${label(layer.name)}`
    : planned(label(layer.name), label(layer.className), layer.units, plan);
  const range = layerRange(text, layer.name);
  const lenses: CodeLens[] = [{ range, command: { title, ...show } }];
  if (plan.configUri) {
    const tooltip = `See what each ${unitWord(layer.className)} of ${named(layer.name)} does on clean and on triggered inputs; nothing is trained or written`;
    lenses.push({
      range,
      command: {
        title: `Inspect ${label(layer.name)}`,
        tooltip,
        command: COMMANDS.inspect,
        arguments: [plan.configUri, { layer: layer.name } satisfies InspectTarget],
      },
    });
  }
  return lenses;
}

function planned(
  name: string,
  className: string,
  units: number | null,
  { ratio, units: named, strategy }: PruningPlan,
): string {
  if (strategy !== undefined)
    return strategy === 'auto'
      ? 'Fine-Prune would try one repair after the other'
      : `Fine-Prune would repair this model with the strategy ${strategy}`;
  if (units === null) return `Fine-Prune would prune layer ${name}`;
  if (named?.some((unit) => unit >= units))
    return `Fine-Prune cannot prune all of the named units: those of ${name} are numbered 0 to ${units - 1}`;
  if (named)
    return `Fine-Prune would prune ${count(named.length)} of ${plural(units, unitWord(className))} of ${name}, as named in the config`;
  if (ratio === 'auto')
    return `Fine-Prune would prune as many ${unitWord(className)}s of ${name} as clean accuracy allows`;
  return `Fine-Prune would prune ${count(pruneCount(ratio ?? 0, units))} of ${plural(units, unitWord(className))} of ${name}`;
}
