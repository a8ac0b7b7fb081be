import { ACTIVATION_FUNCTIONS } from '../../../activation-functions';
import type { Padding, Pair } from '../../../graph';
import type { ActivationName } from './keras-layer';
import { isObject, shown, type JsonNode } from '../json';

/** Fields that the configs of several layer classes have. */

/** Largest number of units, filters or channels of one layer. */
export const MAX_UNITS = 1_000_000;
/** Largest height or width of a tensor, kernel or padding. */
export const MAX_SIDE = 16_384;

/**
 * An activation function as a config names it: a text, or Keras 3's `{class_name: "function", config: "relu"}`. Nothing
 * means `linear`.
 */
export function activation(node: JsonNode): ActivationName {
  if (!node.present) return 'linear';
  const named = isObject(node.value) && node.value['class_name'] === 'function' ? node.at('config') : node;
  if (typeof named.value === 'string') {
    const key = named.value.replace(/_/g, '').toLowerCase();
    const found = ALIASES.get(key);
    if (found) return found;
  }
  const name = isObject(named.value) ? named.value['class_name'] : named.value;
  throw node.refuse(
    'model.unsupportedActivation',
    `${node.what} uses the activation function ${shown(name)}, which is not supported.`,
    `Supported: ${ACTIVATION_NAMES.join(', ')}.`,
  );
}

const ACTIVATION_NAMES: readonly ActivationName[] = ['linear', ...ACTIVATION_FUNCTIONS, 'softmax'];

// TF.js writes hardSigmoid, Keras hard_sigmoid; silu and hard_silu are Keras 3's names.
const ALIASES = new Map<string, ActivationName>([
  ...ACTIVATION_NAMES.map((name) => [name.replace(/_/g, ''), name] as const),
  ['silu', 'swish'],
  ['hardsilu', 'hard_swish'],
]);

/** Height, width and channels (or height and width) of a batch shape whose first entry is the batch. */
export function inputShape(node: JsonNode): readonly number[] {
  if (!node.present)
    throw node.refuse(
      'model.inputShape',
      `${node.what}: the file does not say the shape of the model's input.`,
      'Export the model after it was built for a fixed input size.',
    );
  const [, ...sizes] = node.items();
  return sizes.map((size) => {
    if (!size.present)
      throw size.refuse(
        'model.inputShape',
        `${size.what}: the input size is not fixed (${shown(node.value)}).`,
        'Export the model with a fixed height, width and number of channels.',
      );
    return size.integer(1, MAX_SIDE);
  });
}

/** What every convolution has, whatever it does with the channels. */
export function convolution(c: JsonNode): {
  kernel: Pair;
  strides: Pair;
  padding: Padding;
  dilation: Pair;
  useBias: boolean;
  activation: ActivationName;
} {
  const strides = c.at('strides').pair(1, MAX_SIDE, [1, 1]);
  const dilation = c.at('dilation_rate').pair(1, MAX_SIDE, [1, 1]);
  if (Math.max(...strides) > 1 && Math.max(...dilation) > 1)
    throw c.at('dilation_rate').wrong('1 where "strides" is above 1');
  return {
    kernel: c.at('kernel_size').pair(1, MAX_SIDE),
    strides,
    padding: padding(c.at('padding')),
    dilation,
    useBias: c.at('use_bias').boolean(true),
    activation: activation(c.at('activation')),
  };
}

/** `valid` where nothing is said. */
export function padding(node: JsonNode): Padding {
  const value = node.present ? node.string().toLowerCase() : 'valid';
  if (value !== 'valid' && value !== 'same') throw node.wrong('"valid" or "same"');
  return value;
}

/** Of a dropout, from 0 to below 1. */
export function rate(c: JsonNode): number {
  return c.at('rate').number(undefined, 'a number from 0 to below 1', (n) => n >= 0 && n < 1);
}

/** @throws FinePruneError `model.channelsFirst` */
export function channelsLast(c: JsonNode): void {
  const format = c.at('data_format');
  if (!format.present) return;
  const value = format.string().replace(/_/g, '').toLowerCase();
  if (value === 'channelsfirst')
    throw format.refuse(
      'model.channelsFirst',
      `${c.what} keeps channels first, which is not supported.`,
      'Export the model with data_format "channels_last".',
    );
  if (value !== 'channelslast') throw format.wrong('"channels_last"');
}

/** TF.js silently ignores `groups`, so that it would compute another network. */
export function ungrouped(c: JsonNode): void {
  if (c.at('groups').integer(1, MAX_UNITS, 1) !== 1) {
    throw c
      .at('groups')
      .refuse(
        'model.groupedConvolution',
        `${c.what} is a grouped convolution (groups: ${c.at('groups').value}), which is not supported.`,
        'Replace it with an ordinary convolution (groups = 1).',
      );
  }
}
