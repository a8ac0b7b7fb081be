import { findClassifier } from '../../../classifier';
import type { Graph } from '../../../graph';
import { nameOfTensor, tensorList, tensorsOfCall } from './calls';
import type { JsonNode } from '../json';
import type { KerasLayer } from './keras-layer';
import { isModelClass, nestedModel, readLayer } from './layer-config';
import { inputShape } from './layer-fields';
import { topologicalOrder } from './layer-order';
import { lower } from './lower';
import { inferLayer } from './shapes';

export const MAX_LAYERS = 2_000;
export const MAX_PARAMETERS = 250_000_000;
const MAX_NAME = 200;

/** A layer as the file has it, before its shapes are known. */
interface Entry {
  name: string;
  className: JsonNode;
  config: JsonNode;
  inputs: string[];
  place: string;
}

/**
 * Reads a model's topology, Sequential or functional, as TF.js, Keras 2 or Keras 3 write it, into a graph with shapes. The
 * softmax at its end is taken off (`Graph.softmaxOf`).
 *
 * @param root the whole model.json
 * @throws FinePruneError `model.*` with the place in the file for everything that can't be defended: unknown layer classes,
 *   Lambda, grouped convolutions, channels first, several inputs or outputs, layers used twice, no Dense classifier, one class
 */
export function parseTopology(root: JsonNode): Graph {
  const { className, config } = modelConfig(root);
  const kind = className.string();
  if (!isModelClass(kind)) {
    throw className.refuse(
      'model.unsupportedTopology',
      `The model is of the class ${kind}; only Sequential and functional models are supported.`,
      'Export it as a Sequential or functional Keras model.',
    );
  }
  const { entries, input, output } = kind === 'Sequential' ? sequential(config) : functional(config);
  const ordered = topologicalOrder(entries, output, config);
  const layers: KerasLayer[] = [];
  const byName = new Map<string, KerasLayer>();
  let parameters = 0;
  for (const entry of ordered) {
    const op = readLayer(entry.className, entry.config);
    if ((op.kind === 'input') !== (entry.name === input)) {
      throw entry.className.refuse(
        'model.severalInputs',
        `The model has another input, "${entry.name}"; models with several inputs are not supported.`,
        'Export a model that takes one image.',
      );
    }
    const { shape, weights } = inferLayer(
      op,
      entry.inputs.map((name) => byName.get(name)!.shape),
      entry.config,
    );
    parameters += weights.reduce((sum, w) => sum + w.shape.reduce((a, b) => a * b, 1), 0);
    if (parameters > MAX_PARAMETERS)
      throw entry.className.refuse(
        'model.tooLarge',
        `The model has more than ${MAX_PARAMETERS} parameters.`,
        'Defend a smaller model.',
      );
    const layer: KerasLayer = {
      name: entry.name,
      className: entry.className.string(),
      op,
      inputs: entry.inputs,
      shape,
      weights,
      place: entry.place,
    };
    layers.push(layer);
    byName.set(entry.name, layer);
  }
  checkInput(layers, root);
  const where = root.at('modelTopology');
  return findClassifier(lower(layers, input, output), (...refusal) => where.refuse(...refusal));
}

/** `modelTopology` itself, or its `model_config` in files that Keras's converter wrote. */
function modelConfig(root: JsonNode): { className: JsonNode; config: JsonNode } {
  const topology = root.at('modelTopology', 'The model');
  if (!topology.present)
    throw root.refuse(
      'model.notLayersModel',
      'The file has no "modelTopology": it is not a TF.js Layers model.',
      'Choose the model.json that `model.save()` or `tensorflowjs_converter` wrote.',
    );
  const model = topology.at('model_config').present ? topology.at('model_config') : topology;
  model.object();
  return { className: model.at('class_name'), config: model.at('config') };
}

interface Topology {
  entries: Entry[];
  input: string;
  output: string;
}

function sequential(config: JsonNode): Topology {
  const list = Array.isArray(config.value) ? config : config.at('layers');
  const nodes = capped(list);
  if (nodes.length === 0)
    throw list.refuse('model.noDense', 'The model has no layers.', 'Export the model after adding its layers.');
  const entries = nodes.map((node) => entryOf(node, []));
  const first = entries[0]!;
  // Its shape stands inside of it, if anywhere.
  if (isModelClass(first.className.value)) throw nestedModel(first.className, first.config);
  if (first.className.value !== 'InputLayer') {
    const shape =
      [first.config.at('batch_input_shape'), first.config.at('batch_shape'), config.at('build_input_shape')].find(
        (s) => s.present,
      ) ?? first.config.at('batch_input_shape');
    inputShape(shape);
    let name = `${first.name}_input`;
    while (entries.some((e) => e.name === name)) name += '_';
    const where = first.place;
    entries.unshift({
      name,
      className: first.className.literal('InputLayer'),
      config: first.config.literal({ batch_input_shape: shape.value }),
      inputs: [],
      place: where,
    });
  }
  entries.forEach((entry, i) => {
    if (i > 0) entry.inputs = [entries[i - 1]!.name];
  });
  checkNames(entries);
  return { entries, input: entries[0]!.name, output: entries.at(-1)!.name };
}

function functional(config: JsonNode): Topology {
  const nodes = capped(config.at('layers'));
  // Before calls are read: those of a model inside the model count from 1, as if it were used twice.
  for (const node of nodes) {
    const { className, config: inner } = entryOf(node, []);
    if (isModelClass(className.value)) throw nestedModel(className, inner);
  }
  const entries = nodes.map((node) => {
    const calls = node.at('inbound_nodes').present ? node.at('inbound_nodes').items() : [];
    const entry = entryOf(node, []);
    if (calls.length > 1)
      throw calls[1]!.refuse(
        'model.sharedLayer',
        `Layer "${entry.name}" is used ${calls.length} times; shared layers are not supported.`,
        'Export the model with a layer of its own for each use.',
      );
    if (calls.length === 1) entry.inputs = tensorsOfCall(calls[0]!).map((tensor) => nameOfTensor(tensor));
    return entry;
  });
  checkNames(entries);
  const only = (field: 'input_layers' | 'output_layers', code: string, word: string) => {
    const ends = tensorList(config.at(field));
    if (ends.length !== 1)
      throw config
        .at(field)
        .refuse(
          code,
          `The model has ${ends.length} ${word}s; only models with one ${word} are supported.`,
          `Export a model with one ${word}.`,
        );
    return nameOfTensor(ends[0]!);
  };
  return {
    entries,
    input: only('input_layers', 'model.severalInputs', 'input'),
    output: only('output_layers', 'model.severalOutputs', 'output'),
  };
}

function entryOf(node: JsonNode, inputs: string[]): Entry {
  node.object();
  // Functional models name a layer outside of its config, Sequential ones inside.
  const named = node.at('name').present ? node.at('name') : node.at('config').at('name');
  const name = named.string();
  if (name === '' || name.length > MAX_NAME) throw named.wrong(`a name of 1 to ${MAX_NAME} characters`);
  const what = `Layer "${name}"`;
  return { name, className: node.at('class_name', what), config: node.at('config', what), inputs, place: node.place };
}

function capped(list: JsonNode): JsonNode[] {
  if (list.array().length > MAX_LAYERS)
    throw list.refuse(
      'model.tooLarge',
      `The model has ${list.array().length} layers; at most ${MAX_LAYERS} are supported.`,
      'Defend a smaller model.',
    );
  return list.items();
}

function checkNames(entries: readonly Entry[]): void {
  const seen = new Set<string>();
  for (const { name, className } of entries) {
    if (seen.has(name))
      throw className.refuse(
        'model.duplicateLayer',
        `Two layers are called "${name}".`,
        'Give each layer a name of its own and export the model again.',
      );
    seen.add(name);
  }
}

/** Images: [height, width, channels], or [height, width] for one channel. */
function checkInput(layers: readonly KerasLayer[], root: JsonNode): void {
  const shape = layers.find((l) => l.op.kind === 'input')?.shape;
  if (!shape || (shape.length !== 3 && shape.length !== 2)) {
    throw root
      .at('modelTopology')
      .refuse(
        'model.inputShape',
        `The model's input is [${shape ?? ''}]; expected an image: [height, width, channels].`,
        'Export a model whose input is an image (a Reshape or Flatten layer may follow it).',
      );
  }
}
