import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as L from '@tensorflow/tfjs-layers';
import { openIdx } from '../../../server/engine/data/formats/idx/open-idx';
import { allIndices } from '../../../server/engine/data/roles';
import { batchOf, sourceOf, subsetOf, type InputSource, type PassOptions } from '../../../server/engine/pass/inputs';
import { invertTriggers } from '../../../server/engine/detect/neural-cleanse/invert';
import { pixelGradient } from '../../../server/engine/detect/neural-cleanse/input-gradient';
import type { OpenModel } from '../../../server/engine/model/model';
import { openModel } from '../../../server/engine/model/formats/registry';
import { saveModel } from '../../../server/engine/model/formats/tfjs-layers/save';
import { softmaxCrossEntropy } from '../../../server/engine/model/network/eager/loss';
import { train } from '../../../server/engine/training/train';
import { MNIST_FOLDER } from '../../fixtures/mnist';
import { Inside } from '../model/inside';
import { filesOf, randomise, write } from '../model/support';

const IMAGES = 16;
const CLASSES = 10;

/**
 * Writes a small network of MobileNet's parts (Sandler et al. 2018), trained for some steps on the current backend: an expansion by 1×1 convolutions to 40 and 72
 * channels, depthwise 3×3 convolutions, strides of 2 in all three kinds of convolution, batch normalisation, ReLU6, a shortcut.
 * @returns path of its model.json
 */
export async function writeMobileNet(folder: string): Promise<string> {
  const { conv2d, depthwiseConv2d, batchNormalization, reLU, add, globalAveragePooling2d, dense } = L.layers;
  const through = (x: L.SymbolicTensor, ...layers: InstanceType<typeof L.layers.Layer>[]): L.SymbolicTensor =>
    layers.reduce((at, layer) => layer.apply(at) as L.SymbolicTensor, x);
  const full = (filters: number, kernelSize: number, strides = 1) => [
    conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false }),
    batchNormalization(),
  ];
  const depthwise = (strides: number) => [
    depthwiseConv2d({ kernelSize: 3, strides, padding: 'same', useBias: false }),
    batchNormalization(),
    reLU({ maxValue: 6 }),
  ];
  const input = L.input({ shape: [28, 28, 1] });
  const stem = through(input, ...full(16, 3, 2), reLU({ maxValue: 6 }));
  const wide = through(stem, ...full(40, 1), reLU({ maxValue: 6 }), ...depthwise(1), ...full(72, 1));
  // The strided 1×1 and 3×3 convolutions, side by side.
  const shorter = add().apply([through(wide, ...full(40, 1, 2)), through(wide, ...full(40, 3, 2))]) as L.SymbolicTensor;
  const block = through(shorter, ...full(72, 1), reLU({ maxValue: 6 }), ...depthwise(2), ...full(40, 1));
  const output = through(block, globalAveragePooling2d({}), dense({ units: CLASSES }));
  const model = L.model({ inputs: input, outputs: output });
  randomise(model, 5);
  const { json, weights } = await filesOf(model);
  model.dispose();
  const fresh = await openModel(await write(path.join(folder, 'fresh'), json, weights));
  await train({
    ...passOf(fresh),
    source: await digits(400),
    epochs: 2,
    batchSize: 32,
    learningRate: 0.005,
    seed: 1,
    masks: null,
    frozen: [],
    onStep: () => undefined,
  });
  const { path: file } = await saveModel(fresh, path.join(folder, 'trained'));
  fresh.dispose();
  return file;
}

function passOf(model: OpenModel): PassOptions {
  return { model, normalisation: { mean: [0], std: [1] }, signal: new AbortController().signal };
}

/** The first images of MNIST's test set. */
async function digits(count: number): Promise<InputSource> {
  const split = await openIdx(
    path.join(MNIST_FOLDER, 't10k-images-idx3-ubyte'),
    path.join(MNIST_FOLDER, 't10k-labels-idx1-ubyte'),
    1 / 255,
  );
  return subsetOf(sourceOf({ split, indices: allIndices(split.count) }), allIndices(count));
}

export interface MobileNetFigures {
  /** Of the loss by the pixels, [images, 28, 28, 1]. */
  input: Float32Array;
  /** Of the loss by each trainable weight, by its place: at inference, and in training with batch statistics. */
  weights: Record<'inference' | 'training', Float32Array[]>;
  /** After a short scan, by class. */
  masks: Float32Array[];
}

/** What the current backend makes of that network on images of MNIST. */
export async function figuresOf(file: string): Promise<MobileNetFigures> {
  const model = await openModel(file);
  const source = await digits(200);
  const pass = passOf(model);
  const positions = allIndices(IMAGES);
  const labels = positions.map((p) => source.labels[p]!);

  const { gradient } = pixelGradient(model, pass.normalisation, source.pixels(positions), labels);
  const inside = new Inside(model);
  const variables = inside.trained().map(({ variable }) => variable);
  const weightGradients = (training: boolean): Float32Array[] =>
    tf.tidy(() => {
      const targets = tf.tensor2d(
        Float32Array.from({ length: IMAGES * CLASSES }, (_, i) =>
          labels[Math.floor(i / CLASSES)] === i % CLASSES ? 1 : 0,
        ),
        [IMAGES, CLASSES],
      );
      const { pixels, rows } = batchOf(source, positions, pass);
      const x = tf.tensor4d(pixels, [rows, 28, 28, 1]);
      const { grads } = tf.variableGrads(
        () => softmaxCrossEntropy(targets, inside.forward(x, training ? { seed: 0 } : 'inference')),
        variables,
      );
      return variables.map((v) => grads[v.name]!.dataSync() as Float32Array);
    });
  const found = await invertTriggers(
    {
      targets: [0, 1, 2],
      source,
      batchSize: 16,
      steps: 40,
      patience: Infinity,
      bounds: null,
      seed: 0,
      purpose: 'screen',
    },
    pass,
  );
  const figures = {
    input: gradient,
    weights: { inference: weightGradients(false), training: weightGradients(true) },
    masks: found.map(({ mask }) => mask),
  };
  inside.dispose();
  model.dispose();
  return figures;
}
