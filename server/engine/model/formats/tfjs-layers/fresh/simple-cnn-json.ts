/** The file of SimpleCNN, as TF.js writes it. */

const glorot = {
  class_name: 'VarianceScaling',
  config: { scale: 1, mode: 'fan_avg', distribution: 'uniform', seed: null },
};
const zeros = { class_name: 'Zeros', config: {} };

const conv = (name: string, filters: number, more = {}) => ({
  class_name: 'Conv2D',
  config: {
    name,
    trainable: true,
    ...more,
    filters,
    kernel_size: [3, 3],
    strides: [1, 1],
    padding: 'valid',
    data_format: 'channels_last',
    dilation_rate: [1, 1],
    activation: 'relu',
    use_bias: true,
    kernel_initializer: glorot,
    bias_initializer: zeros,
  },
});
const pool = (name: string) => ({
  class_name: 'MaxPooling2D',
  config: {
    name,
    trainable: true,
    pool_size: [2, 2],
    padding: 'valid',
    strides: [2, 2],
    data_format: 'channels_last',
  },
});
const dense = (name: string, units: number, activation: string) => ({
  class_name: 'Dense',
  config: {
    name,
    trainable: true,
    units,
    activation,
    use_bias: true,
    kernel_initializer: glorot,
    bias_initializer: zeros,
  },
});

/**
 * The model.json of SimpleCNN (see `buildSimpleCnn`).
 * @param inputShape height, width and channels
 */
export function simpleCnnJson([height, width, channels]: readonly [number, number, number], classes: number): string {
  // After a valid 3×3 convolution and a pooling by 2.
  const shrunk = (side: number) => Math.floor((side - 2) / 2);
  const flat = shrunk(shrunk(height)) * shrunk(shrunk(width)) * 64;
  const shapes: [string, number[]][] = [
    ['conv2d_1', [3, 3, channels, 32]],
    ['conv2d_2', [3, 3, 32, 64]],
    ['dense_1', [flat, 128]],
    ['dense_2', [128, classes]],
  ];
  const weights = shapes.flatMap(([layer, shape]) => [
    { name: `${layer}/kernel`, shape, dtype: 'float32' },
    { name: `${layer}/bias`, shape: [shape.at(-1)!], dtype: 'float32' },
  ]);
  const layers = [
    conv('conv2d_1', 32, { batch_input_shape: [null, height, width, channels], dtype: 'float32' }),
    pool('max_pooling2d_1'),
    conv('conv2d_2', 64),
    pool('max_pooling2d_2'),
    { class_name: 'Flatten', config: { name: 'flatten_1', trainable: true } },
    dense('dense_1', 128, 'relu'),
    dense('dense_2', classes, 'softmax'),
  ];
  return JSON.stringify({
    format: 'layers-model',
    generatedBy: 'Fine-Prune',
    convertedBy: null,
    modelTopology: {
      class_name: 'Sequential',
      config: { name: 'simple_cnn', layers },
      keras_version: 'tfjs-layers 4.22.0',
      backend: 'tensor_flow.js',
    },
    weightsManifest: [{ paths: ['weights.bin'], weights }],
  });
}
