import { FinePruneError } from '../../../../protocol/errors';
import type { ModelSummary } from '../../../../protocol/model';
import { mainNode, nodeOf, parametersOf, sizeOf, type Graph, type Layer } from '../../graph';
import { locateWeights, parseManifest, type ManifestGroup } from './weights/manifest';
import { parseModelJson } from './model-json';
import { parseTopology } from './topology/topology';
import { unreadTensors } from './weights/unread';
import { unreadOf, type UnreadTensor } from '../../unread';
import { isPrunable, planSite } from '../../units';

/**
 * What a model's JSON says of it, without its weights. Never throws for a fault of the model: that is `problem`.
 * @param file path of model.json, for messages
 */
export function summarise(jsonText: string, file: string): ModelSummary {
  try {
    const root = parseModelJson(jsonText, file);
    const graph = parseTopology(root);
    const groups = parseManifest(root);
    const homes = locateWeights(graph, groups, root);
    return summaryOf(graph, groups, unreadTensors(groups, homes));
  } catch (error) {
    if (!(error instanceof FinePruneError)) throw error;
    return {
      format: 'tfjs-layers',
      layers: [],
      inputShape: [],
      classes: 0,
      parameters: 0,
      classifier: null,
      penultimate: null,
      unread: { count: 0, bytes: 0, names: [] },
      problem: error.toFailure(),
    };
  }
}

/** The summary of a model that was read without a fault. */
export function summaryOf(
  graph: Graph,
  groups: readonly ManifestGroup[],
  unread: readonly UnreadTensor[],
): ModelSummary {
  const input = nodeOf(graph, graph.input).shape;
  return {
    format: 'tfjs-layers',
    layers: graph.layers.map((layer) => ({
      name: layer.label,
      className: layer.type,
      units: unitsOf(graph, layer),
      parameters: parametersOf(graph, layer).reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      prunable: isPrunable(graph, layer),
    })),
    inputShape: [input[0]!, input[1]!, input[2] ?? 1],
    classes: graph.classes,
    parameters: groups.reduce((sum, g) => sum + g.tensors.reduce((s, t) => s + sizeOf(t.shape), 0), 0),
    classifier: nodeOf(graph, graph.classifier).label,
    penultimate: penultimateOf(graph),
    unread: unreadOf(unread),
  };
}

function penultimateOf(graph: Graph): string | null {
  try {
    return planSite(graph).site.layer;
  } catch (error) {
    if (error instanceof FinePruneError) return null;
    throw error;
  }
}

function unitsOf(graph: Graph, layer: Layer): number | null {
  const { op, shape } = mainNode(graph, layer);
  return op.kind === 'dense' || op.kind === 'conv2d' ? shape.at(-1)! : null;
}

/**
 * Whether a text is a TF.js Layers model.json, by its content: `"format": "layers-model"`, or `modelTopology` and
 * `weightsManifest` at the top level (other tools write the file name too). One pass over the text, no parsing; right for texts
 * that are cut off or being typed.
 */
export function isTfjsModelJson(text: string): boolean {
  if (!text.includes('"modelTopology"') && !text.includes('"layers-model"')) return false;
  const keys = new Set<string>();
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
    else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) depth--;
    else if (c === QUOTE) {
      const end = closingQuote(text, i);
      if (depth === 1 && end - i < 40) {
        const rest = /^\s*:\s*("[^"\\]{0,40}")?/.exec(text.slice(end + 1, end + 120));
        if (rest) {
          const key = text.slice(i + 1, end);
          if (key === 'format') return rest[1] === '"layers-model"' || (rest[1] === undefined && hasBoth(keys));
          keys.add(key);
        }
      }
      i = end;
    }
  }
  return hasBoth(keys);
}

const [QUOTE, OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x22, 0x5b, 0x5d, 0x7b, 0x7d];

function hasBoth(keys: ReadonlySet<string>): boolean {
  return keys.has('modelTopology') && keys.has('weightsManifest');
}

/** Index of the quote that ends the string that begins at `start`; the text's end when there is none. */
function closingQuote(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
