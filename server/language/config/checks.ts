import type { Node } from 'jsonc-parser';
import type { Diagnostic } from 'vscode-languageserver-types';
import { heldOutImages } from '../../protocol/config/holdout';
import { imagesAt, sizeText } from './file-checks';
import { dotted, nodeAt, numberAt, rangeOf, stringAt, valueAt, type ConfigText } from '../text/config-text';
import { summaryOf, type ConfigFacts } from '../text/facts';
import { problem, type Fix } from '../text/problem';
import { count, plural, unitWord } from '../../protocol/words';
import { pruneCount } from '../../protocol/config/pruning';
import { nearestFirst } from '../../protocol/nearest';

/** Checks of values against each other, the model and the data. Values of the wrong type are the schema's business. */
export function valueChecks(config: ConfigText, facts: ConfigFacts): Diagnostic[] {
  return [
    ...checkLayer(config, facts),
    ...checkTarget(config, facts),
    ...checkPatch(config, facts),
    ...checkChannels(config, facts),
    ...checkRatio(config, facts),
    ...checkUnits(config, facts),
    ...checkAmounts(config, facts),
  ];
}

function checkLayer(config: ConfigText, facts: ConfigFacts): Diagnostic[] {
  const named = stringAt(config, ['layer']);
  const summary = summaryOf(facts);
  if (!named || !summary || summary.problem) return [];
  const layer = summary.layers.find(({ name }) => name === named.value);
  if (layer?.prunable) return [];
  const range = rangeOf(config, named.node);
  const prunable = summary.layers.filter((candidate) => candidate.prunable);
  const fixes: Fix[] = nearestFirst(
    named.value,
    prunable.map(({ name }) => name),
  ).map((name) => {
    const units = prunable.find((candidate) => candidate.name === name)?.units;
    return {
      title: `Prune layer "${name}"${units ? ` (${count(units)} units)` : ''}`,
      range,
      newText: JSON.stringify(name),
    };
  });
  const list = prunable.map(({ name }) => `\`${name}\``).join(', ');
  if (!layer) {
    return [
      problem(
        'config.layerUnknown',
        'error',
        range,
        `The model has no layer \`${named.value}\`. Layers that can be pruned: ${list}.`,
        fixes,
      ),
    ];
  }
  const why =
    layer.name === summary.classifier
      ? 'it is the classifier, whose units are the classes'
      : `a ${layer.className} layer has no units of its own`;
  return [
    problem(
      'config.layerNotPrunable',
      'error',
      range,
      `Layer \`${layer.name}\` cannot be pruned: ${why}. Layers that can be pruned: ${list}.`,
      fixes,
    ),
  ];
}

function checkTarget(config: ConfigText, facts: ConfigFacts): Diagnostic[] {
  const target = numberAt(config, ['trigger', 'target']);
  const classes = summaryOf(facts)?.classes ?? 0;
  if (!target || classes === 0 || target.value < classes || !Number.isInteger(target.value)) return [];
  return [
    problem(
      'config.target',
      'error',
      rangeOf(config, target.node),
      `Target class ${target.value} does not exist: the model has ${classes} classes (0–${classes - 1}).`,
    ),
  ];
}

function checkPatch(config: ConfigText, facts: ConfigFacts): Diagnostic[] {
  if (valueAt(config, ['trigger', 'kind']) !== 'patch') return [];
  return [
    ...checkSides(config, facts, ['left', 'right'], 1, 'width'),
    ...checkSides(config, facts, ['top', 'bottom'], 0, 'height'),
  ];
}

function checkSides(
  config: ConfigText,
  facts: ConfigFacts,
  sides: ['left' | 'top', 'right' | 'bottom'],
  axis: 0 | 1,
  word: string,
): Diagnostic[] {
  const [first, second] = sides.map((side) => numberAt(config, ['trigger', side]));
  const shape = imagesAt(config, facts, ['data', 'test'])?.known.shape ?? summaryOf(facts)?.inputShape ?? [];
  const given = valueAt(config, ['trigger', 'size']);
  const hasImage = stringAt(config, ['trigger', 'image']) !== undefined;
  const size = Array.isArray(given) ? (given as unknown[])[axis] : given === undefined && !hasImage ? 3 : undefined;
  const room = shape[axis];
  if (typeof size !== 'number' || room === undefined || size < 1) return [];
  const placed = first ?? second;
  if (size + (placed?.value ?? 1) <= room) return [];
  const node = placed?.node ?? nodeAt(config, ['trigger', 'size'])?.children?.[axis];
  if (!node) return [];
  return [
    problem(
      'config.patchOutside',
      'error',
      rangeOf(config, node),
      `The patch does not fit: ${size} + ${placed?.value ?? 1} pixels of ${word}, but the images have ${room}.`,
    ),
  ];
}

const PER_CHANNEL = [
  ['data', 'mean'],
  ['data', 'std'],
  ['trigger', 'value'],
];

function checkChannels(config: ConfigText, facts: ConfigFacts): Diagnostic[] {
  const channels = (imagesAt(config, facts, ['data', 'test'])?.known.shape ?? summaryOf(facts)?.inputShape ?? [])[2];
  return PER_CHANNEL.flatMap((path) => {
    const node = nodeAt(config, path);
    const length = node?.children?.length ?? 0;
    if (node?.type !== 'array' || channels === undefined || length <= 1 || length === channels) return [];
    return [
      problem(
        'config.channels',
        'error',
        rangeOf(config, node),
        `\`${dotted(path)}\` has ${plural(length, 'number')}; the images have ${plural(channels, 'channel')}. Give one number, or one per channel.`,
      ),
    ];
  });
}

function checkRatio(config: ConfigText, facts: ConfigFacts): Diagnostic[] {
  const node = nodeAt(config, ['prune', 'ratio']);
  if (!node) return [];
  const layer = layerToPrune(config, facts);
  const ratio = node.value as unknown;
  if (typeof ratio !== 'number' || ratio < 0 || ratio > 1) return [];
  const pruned = layer?.units ? pruneCount(ratio, layer.units) : undefined;
  if (ratio === 0 || pruned === 0) {
    const why =
      layer?.units && ratio > 0
        ? `${ratio} of ${plural(layer.units, unitWord(layer.className))} is less than one`
        : 'A ratio of 0';
    return [
      problem(
        'config.nothingPruned',
        'information',
        rangeOf(config, node),
        `${why}: nothing is pruned, the model is only fine-tuned.`,
      ),
    ];
  }
  if (ratio === 1) {
    return [
      problem(
        'config.everythingPruned',
        'information',
        rangeOf(config, node),
        'A ratio of 1 prunes the whole layer: the layers after it get no signal except their biases.',
      ),
    ];
  }
  return [];
}

/** Indices beyond the layer that are reported one by one; who names more of them has another layer in mind. */
const MOST_BEYOND = 20;

function checkUnits(config: ConfigText, facts: ConfigFacts): Diagnostic[] {
  const named = namedUnits(config, facts);
  if (!named) return [];
  const { node, layer, within, beyond } = named;
  if (within.size === layer.units && beyond.length === 0) {
    return [
      problem(
        'config.everythingPruned',
        'information',
        rangeOf(config, node),
        `All ${plural(layer.units, unitWord(layer.className))} of \`${layer.name}\` are listed, so nothing of the layer is left: the layers after it get no signal except their biases.`,
      ),
    ];
  }
  return beyond
    .slice(0, MOST_BEYOND)
    .map((one) =>
      problem(
        'config.unitOutOfRange',
        'error',
        rangeOf(config, one),
        `Layer \`${layer.name}\` has no unit ${String(one.value)}: its ${plural(layer.units, unitWord(layer.className))} are numbered 0 to ${layer.units - 1}.`,
      ),
    );
}

function checkAmounts(config: ConfigText, facts: ConfigFacts): Diagnostic[] {
  const train = imagesAt(config, facts, ['data', 'train'])?.known.count;
  const test = imagesAt(config, facts, ['data', 'test'])?.known.count;
  const holdoutGiven = numberAt(config, ['data', 'holdout']);
  const heldOut = train === undefined ? holdoutGiven?.value : heldOutImages(train, holdoutGiven?.value ?? null);
  const analysis = stringAt(config, ['data', 'analysis']);
  const found: Diagnostic[] = [];
  if (train !== undefined && holdoutGiven && heldOut !== undefined && holdoutGiven.value > heldOut) {
    found.push(
      problem(
        'config.holdoutTooLarge',
        'warning',
        rangeOf(config, holdoutGiven.node),
        `At most half of the ${count(train)} training images can be held out: ${count(heldOut)} will be, not ${count(holdoutGiven.value)}.`,
      ),
    );
  }
  if (train !== undefined && heldOut !== undefined)
    found.push(...tooMany(config, 'fineTuneImages', train - heldOut, 'training images that are not held out'));
  if (analysis?.value === 'holdout') {
    if (heldOut !== undefined) found.push(...tooMany(config, 'analysisImages', heldOut, 'held-out images'));
  } else if (test !== undefined) {
    found.push(...tooMany(config, 'analysisImages', test, 'test images'));
  }
  if (test !== undefined) found.push(...tooMany(config, 'testImages', test, 'test images'));
  return found;
}

function tooMany(config: ConfigText, field: string, available: number, what: string): Diagnostic[] {
  const given = numberAt(config, ['data', field]);
  if (!given || given.value <= available) return [];
  return [
    problem(
      'config.tooManyImages',
      'warning',
      rangeOf(config, given.node),
      `There are only ${count(available)} ${what}; all of them are used, not ${count(given.value)}.`,
    ),
  ];
}

/** The layer that a run would prune: the named one, else the penultimate. Undefined when the model does not have it. */
export function layerToPrune(
  config: ConfigText,
  facts: ConfigFacts,
): { name: string; className: string; units: number | null } | undefined {
  const summary = summaryOf(facts);
  const name = stringAt(config, ['layer'])?.value ?? summary?.penultimate;
  const layer = summary?.layers.find((candidate) => candidate.name === name);
  return layer?.prunable ? layer : undefined;
}

/** The units that `prune.units` names, compared with the layer that would be pruned; undefined without either. */
export function namedUnits(
  config: ConfigText,
  facts: ConfigFacts,
):
  | {
      node: Node;
      layer: { name: string; className: string; units: number };
      within: ReadonlySet<number>;
      beyond: Node[];
    }
  | undefined {
  const node = nodeAt(config, ['prune', 'units']);
  const layer = layerToPrune(config, facts);
  if (node?.type !== 'array' || !layer?.units) return undefined;
  const { name, className, units } = layer;
  const named = (node.children ?? []).filter(({ value }) => Number.isInteger(value) && (value as number) >= 0);
  const beyond = named.filter(({ value }) => (value as number) >= units);
  const within = new Set(named.map(({ value }) => value as number).filter((unit) => unit < units));
  return { node, layer: { name, className, units }, within, beyond };
}

/** `28×28×1`, or nothing when the model does not say. */
export function inputShapeText(facts: ConfigFacts): string {
  const shape = summaryOf(facts)?.inputShape ?? [];
  return shape.length ? sizeText(shape) : '';
}
