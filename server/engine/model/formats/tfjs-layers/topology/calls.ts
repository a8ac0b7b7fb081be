import { isObject, type JsonNode } from '../json';
import { MAX_UNITS } from './layer-fields';

/** How a functional model writes down what a layer reads. */

/**
 * The tensors that one call of a layer reads: a list of [layer, node, tensor, kwargs] in Keras 2, `{args, kwargs}` with
 * `__keras_tensor__` objects anywhere inside `args` in Keras 3. What is in kwargs (`mask`, `training`) is no input.
 */
export function tensorsOfCall(call: JsonNode): JsonNode[] {
  if (Array.isArray(call.value)) return tensorList(call);
  const found: JsonNode[] = [];
  const walk = (node: JsonNode, depth: number): void => {
    if (depth > 8) throw node.wrong('a list of tensors');
    if (Array.isArray(node.value)) node.items().forEach((item) => walk(item, depth + 1));
    else if (isObject(node.value) && node.value['class_name'] === '__keras_tensor__')
      found.push(node.at('config').at('keras_history'));
  };
  call.object();
  walk(call.at('args'), 0);
  return found;
}

/** A list of [layer, node, tensor] triples; Keras 3 leaves out the outer list where there is one. */
export function tensorList(node: JsonNode): JsonNode[] {
  return typeof node.array()[0] === 'string' ? [node] : node.items();
}

/**
 * The layer whose output a tensor is.
 * @throws FinePruneError `model.sharedLayer`, `model.unsupportedTopology` for any output but the first of its one use
 */
export function nameOfTensor(tensor: JsonNode): string {
  const [name, node, index] = [
    tensor.at(0).string(),
    tensor.at(1).integer(0, MAX_UNITS, 0),
    tensor.at(2).integer(0, MAX_UNITS, 0),
  ];
  if (node !== 0)
    throw tensor.refuse(
      'model.sharedLayer',
      `Layer "${name}" is used more than once; shared layers are not supported.`,
      'Export the model with a layer of its own for each use.',
    );
  if (index !== 0)
    throw tensor.refuse(
      'model.unsupportedTopology',
      `The model reads output ${index} of layer "${name}"; only layers with one output are supported.`,
      'Export the model without layers that have several outputs.',
    );
  return name;
}
