import type { UnreadTensors } from '../../protocol/model';

/** A tensor of a model's file that no layer reads. */
export interface UnreadTensor {
  readonly name: string;
  /** As the file calls it. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** Names in a summary, and characters of one. */
const [MOST_NAMES, MOST_NAME] = [5, 80];

/** What a person should know of the tensors that no layer reads. */
export function unreadOf(tensors: readonly UnreadTensor[]): UnreadTensors {
  const kept = tensors.filter((tensor) => !isTrainingState(tensor));
  return {
    count: kept.length,
    bytes: kept.reduce((sum, { bytes }) => sum + bytes, 0),
    names: kept
      .slice(0, MOST_NAMES)
      .map(({ name }) => (name.length > MOST_NAME ? `${name.slice(0, MOST_NAME)}…` : name)),
  };
}

/**
 * Whether a tensor is what training keeps between its steps, by its name: frameworks save it beside the weights. Keras puts an
 * optimizer's name before (`Adam/dense/kernel/m`), TF.js the slot behind (`dense/kernel/m`, `iter`), PyTorch counts batches.
 */
function isTrainingState({ name, shape }: UnreadTensor): boolean {
  const parts = name.replace(/:\d+$/, '').split('/');
  if (parts.some((part) => OPTIMIZER.test(part)) || SLOT.test(parts.at(-1)!)) return true;
  return shape.every((size) => size === 1) && COUNTER.test(parts.at(-1)!);
}

const OPTIMIZER =
  /^(optimizers?|optimizer_(state|weights|variables)|(n?adamw?|adamax|adagrad|adadelta|adafactor|rmsprop|sgd|momentum|ftrl|lion|lamb)(_\d+)?)$/i;
const SLOT = /^(m|v|vhat|momentum|velocity|rms|mg|accumulator|accum_(grad|var)|(exp_avg(_sq)?))$/;
const COUNTER =
  /^((global_?)?step|iter(ation)?s?|epochs?|num_batches_tracked|learning_rate|lr|decay|beta_?[12](_power)?|count)$/i;
