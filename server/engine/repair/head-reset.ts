import { randomStream } from '../data/random';
import { mainNode } from '../model/graph';
import { resetLayers } from '../model/initialisers';
import { train } from '../training/train';
import { sourceOf, type InputSource } from '../pass/inputs';
import { freshOn, heldOutFigures } from './held-out';
import type { Repair, RepairContext, Repaired } from './repair';

/** Largest of Adam's learning rate, which falls to 0 along a half cosine. */
const LEARNING_RATE = 0.002;
/** Steps at least: with few images they are gone through more often. */
const LEAST_STEPS = 600;
const LEAST_EPOCHS = 2;
/** Images are moved by up to so many pixels, about a fourteenth of MNIST's 28. */
const SHIFT = 1 / 14;

/**
 * Draws the weights of all dense layers again, keeps the convolutions, and trains the whole network on clean images, each moved by a
 * few pixels. It goes further than feature shift tuning, which draws only the classifier again (Min et al., "Towards Stable
 * Backdoor Purification through Feature Shift Tuning", NeurIPS 2023): with the classifier alone the ASR stayed at 11 % on MNIST.
 * Needs no trigger and no suspicious class; close to training again, and with as much to lose where clean data are few.
 */
export const headReset: Repair = {
  name: 'head-reset',
  source: 'after Min et al. 2023 (Feature Shift Tuning), with all dense layers reset',
  needsTarget: false,
  cost: 5,
  run,
};

async function run(context: RepairContext): Promise<Repaired> {
  const { subject, heldOut, pass, onProgress } = context;
  const { config, model, roles, frozen, normalisation } = subject;
  const { batchSize } = config.fineTune;
  const epochs = epochsOf(roles.fineTune.indices.length, batchSize);
  resetLayers(model.network, model.graph, denseLayers(context), config.seed);
  const trained = await train({
    model,
    source: shifted(sourceOf(roles.fineTune), model.inputShape, config.seed),
    normalisation,
    epochs,
    batchSize,
    learningRate: LEARNING_RATE,
    decay: 'cosine',
    seed: config.seed,
    masks: null,
    frozen: frozen.map(({ layer }) => layer),
    signal: pass.signal,
    onStep: (step, total, soFar) => onProgress((0.9 * step) / total, soFar),
  });
  const fresh = await freshOn(context, (share) => onProgress(0.9 + 0.1 * share));
  const last = trained.history.at(-1)!;
  return {
    pruned: null,
    rounds: [
      {
        inverted: [],
        epochs,
        stamped: 0,
        loss: last.loss,
        accuracy: last.accuracy,
        heldOut: await heldOutFigures(heldOut, fresh, pass),
      },
    ],
    keptRound: 1,
    training: { epochs, batchSize, learningRate: LEARNING_RATE, ...trained },
    fresh,
  };
}

/** Passes over the images: enough for the least number of steps. */
export function epochsOf(images: number, batchSize: number): number {
  // A batch is no larger than the set.
  return Math.max(LEAST_EPOCHS, Math.ceil((LEAST_STEPS * Math.min(batchSize, images)) / images));
}

function denseLayers({ subject: { model } }: RepairContext): string[] {
  const { graph } = model;
  return graph.layers.filter((layer) => mainNode(graph, layer).op.kind === 'dense').map(({ label }) => label);
}

/** Images moved by whole pixels, another way each time they are asked for; what moves in is black (0). A side of one pixel stays. */
export function shifted(
  source: InputSource,
  [height, width, channels]: readonly [number, number, number],
  seed: number,
): InputSource {
  const random = randomStream(seed, 'shift');
  const most = (size: number): number => Math.min(size - 1, Math.max(1, Math.round(size * SHIFT)));
  const by = (size: number): number => random.integer(2 * most(size) + 1) - most(size);
  return {
    ...source,
    pixels: (positions) => {
      const pixels = source.pixels(positions);
      const size = height * width * channels;
      const moved = new Float32Array(pixels.length);
      for (let start = 0; start < pixels.length; start += size) {
        const [down, right] = [by(height), by(width)];
        for (let y = Math.max(0, down); y < Math.min(height, height + down); y++) {
          const from = start + ((y - down) * width + Math.max(0, -right)) * channels;
          const length = (width - Math.abs(right)) * channels;
          moved.set(pixels.subarray(from, from + length), start + (y * width + Math.max(0, right)) * channels);
        }
      }
      return moved;
    },
  };
}
