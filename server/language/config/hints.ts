import { InlayHintKind, type InlayHint } from 'vscode-languageserver-types';
import { SPLIT_NAMES } from '../../protocol/data-source';
import { heldOutImages } from '../../protocol/config/holdout';
import { inputShapeText, layerToPrune, namedUnits } from './checks';
import { imagesAt, sizeText } from './file-checks';
import { nodeAt, numberAt, stringAt, valueAt, type ConfigText } from '../text/config-text';
import { summaryOf, type ConfigFacts } from '../text/facts';
import { enumeratedAt } from './schema';
import { stillHolds, type LastScan } from '../scan/state';
import { scanSentence, scanTitle } from '../scan/text';
import { count, plural, unitWord } from '../../protocol/words';
import { pruneCount } from '../../protocol/config/pruning';

/** What follows from the values in a config, shown after them. @param scan the last one of its model */
export function configHints(config: ConfigText, facts: ConfigFacts, scan?: LastScan): InlayHint[] {
  return [
    ...modelHint(config, facts),
    ...triggerHint(config, scan),
    ...strategyHint(config),
    ...layerHint(config, facts),
    ...ratioHint(config, facts),
    ...unitsHint(config, facts),
    ...dataHints(config, facts),
    ...holdoutHints(config, facts),
    ...targetHint(config, facts),
  ];
}

/** VS Code cuts a hint here. */
const MOST_LABEL = 43;

function after(
  config: ConfigText,
  node: { offset: number; length: number },
  label: string,
  tooltip?: string,
): InlayHint {
  return {
    position: config.document.positionAt(node.offset + node.length),
    label,
    kind: InlayHintKind.Type,
    paddingLeft: true,
    ...(tooltip && { tooltip }),
  };
}

function modelHint(config: ConfigText, facts: ConfigFacts): InlayHint[] {
  const model = stringAt(config, ['model']);
  const summary = summaryOf(facts);
  if (!model || !summary || summary.problem) return [];
  const shape = inputShapeText(facts);
  const sizes = [plural(summary.layers.length, 'layer'), plural(summary.parameters, 'parameter')];
  // What does not fit into a hint is in the tooltip.
  const label = [...sizes, ...(shape ? [shape] : [])].join(' · ');
  return [
    after(
      config,
      model.node,
      label,
      [...sizes, ...(shape ? [`input ${shape}`] : []), `${summary.classes} classes`].join(' · '),
    ),
  ];
}

/** Where the trigger comes from when it is not written here. */
function triggerHint(config: ConfigText, last: LastScan | undefined): InlayHint[] {
  const node = [stringAt(config, ['trigger']), stringAt(config, ['trigger', 'kind'])].find(
    (found) => found?.value === 'inverted',
  )?.node;
  if (!node || numberAt(config, ['trigger', 'target'])) return [];
  const scan = last && stillHolds(last) ? last.report.scan : undefined;
  if (!scan)
    return [
      after(
        config,
        node,
        'estimated from the model',
        'For the class that a scan finds suspicious; all figures for it are labelled estimated',
      ),
    ];
  if (scan.word === 'not measurable')
    return [after(config, node, 'not measurable in the last scan', scanSentence(scan))];
  if (scan.word !== 'suspicious')
    return [
      after(
        config,
        node,
        'no suspicious class in the last scan',
        "Set the trigger's target to a class to have one estimated anyway",
      ),
    ];
  return [
    after(
      config,
      node,
      `estimated · ${scanTitle(scan)}`.slice(0, MOST_LABEL),
      'From the last scan; the run makes its own. All figures for it are labelled estimated',
    ),
  ];
}

function strategyHint(config: ConfigText): InlayHint[] {
  const strategy = stringAt(config, ['strategy']);
  if (strategy?.value !== 'auto') return [];
  const names = enumeratedAt(['strategy'], () => undefined).filter((name) => name !== 'auto');
  return [
    after(
      config,
      strategy.node,
      'one after the other, until the gates are met',
      `${names.join(', ')}: those that suit the model, in order of cost, judged on held-out images`,
    ),
  ];
}

function layerHint(config: ConfigText, facts: ConfigFacts): InlayHint[] {
  const named = stringAt(config, ['layer']);
  const layer = layerToPrune(config, facts);
  return named && layer?.units
    ? [after(config, named.node, `${layer.className} · ${plural(layer.units, unitWord(layer.className))}`)]
    : [];
}

function ratioHint(config: ConfigText, facts: ConfigFacts): InlayHint[] {
  const node = nodeAt(config, ['prune', 'ratio']);
  const layer = layerToPrune(config, facts);
  if (!node || !layer?.units) return [];
  const ratio = node.value as unknown;
  const where = `of layer ${layer.name}`;
  if (ratio === 'auto' && valueAt(config, ['prune', 'rule']) === 'triggered-difference') {
    return [
      after(
        config,
        node,
        `as few of ${plural(layer.units, unitWord(layer.className))} as needed`,
        `The smallest number of units ${where} that brings the ASR on held-out images within its gate, if the accuracy limit allows it`,
      ),
    ];
  }
  if (ratio === 'auto')
    return [
      after(
        config,
        node,
        `0 to ${plural(layer.units, unitWord(layer.className))}`,
        `${where}, chosen on held-out data`,
      ),
    ];
  if (typeof ratio !== 'number' || ratio < 0 || ratio > 1) return [];
  return [
    after(
      config,
      node,
      `${count(pruneCount(ratio, layer.units))} of ${plural(layer.units, unitWord(layer.className))}`,
      where,
    ),
  ];
}

function unitsHint(config: ConfigText, facts: ConfigFacts): InlayHint[] {
  const named = namedUnits(config, facts);
  if (!named || named.within.size === 0 || named.beyond.length > 0) return [];
  const { node, layer, within } = named;
  return [
    after(
      config,
      node,
      `${count(within.size)} of ${plural(layer.units, unitWord(layer.className))}`,
      `of layer ${layer.name}`,
    ),
  ];
}

function dataHints(config: ConfigText, facts: ConfigFacts): InlayHint[] {
  return SPLIT_NAMES.flatMap((split) => {
    const images = imagesAt(config, facts, ['data', split]);
    if (!images) return [];
    const { count: number, shape } = images.known;
    // Of grey images people say no channel.
    const size = sizeText(shape[2] === 1 ? shape.slice(0, 2) : shape);
    const heldOut =
      split === 'train' && !numberAt(config, ['data', 'holdout'])
        ? `${count(heldOutImages(number, null))} of them are held out from fine-tuning`
        : undefined;
    return [after(config, images.node, `${plural(number, 'image')} · ${size}`, heldOut)];
  });
}

function holdoutHints(config: ConfigText, facts: ConfigFacts): InlayHint[] {
  const train = imagesAt(config, facts, ['data', 'train'])?.known.count;
  if (train === undefined) return [];
  const holdout = numberAt(config, ['data', 'holdout']);
  const subset = numberAt(config, ['data', 'fineTuneImages']);
  if (holdout && holdout.value < 0) return [];
  const rest = train - heldOutImages(train, holdout?.value ?? null);
  const hints: InlayHint[] = [];
  if (holdout) hints.push(after(config, holdout.node, `${count(rest)} of ${count(train)} remain for fine-tuning`));
  if (subset && subset.value > 0 && subset.value <= rest)
    hints.push(after(config, subset.node, `of ${count(rest)} available`));
  return hints;
}

function targetHint(config: ConfigText, facts: ConfigFacts): InlayHint[] {
  const target = numberAt(config, ['trigger', 'target']);
  const classes = summaryOf(facts)?.classes ?? 0;
  return target && classes > 0 && target.value >= 0 && target.value < classes
    ? [after(config, target.node, `of classes 0 to ${classes - 1}`)]
    : [];
}
