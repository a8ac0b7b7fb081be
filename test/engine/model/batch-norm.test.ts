import assert from 'node:assert/strict';
import * as L from '@tensorflow/tfjs-layers';
import type { OpenModel } from '../../../server/engine/model/model';
import { batchOf } from './inside';
import { images, ModelFiles } from './support';

const l = L.layers;
const ROWS = 6;

describe('gradients through batch normalisation without scale or offset', function () {
  this.timeout(30_000);
  const models = new ModelFiles();
  const x = () => batchOf(images(ROWS, [6, 6, 2]));
  const labels = Int32Array.from({ length: ROWS }, (_, i) => i % 3);

  for (const scale of [true, false])
    for (const center of [true, false]) {
      const open = () =>
        models.open([
          l.conv2d({ inputShape: [6, 6, 2], filters: 3, kernelSize: 3, name: 'conv' }),
          l.batchNormalization({ name: 'norm', scale, center }),
          l.reLU({ name: 'act' }),
          l.flatten({ name: 'flat' }),
          l.dense({ units: 3, name: 'classes' }),
        ]);

      it(`by the pixels: scale ${scale}, center ${center}`, async () => {
        const model = await open();
        const batch = x();
        const { gradient, logits } = model.network.inputGradient(batch, { kind: 'cross-entropy', classes: labels });
        model.network.forward(x()).forEach((v, i) => assert.ok(Math.abs(v - logits[i]!) < 1e-5));
        const length = Math.hypot(...gradient);
        assert.ok(length > 1e-2);
        const lossAt = (step: number) =>
          lossOf(model, { rows: ROWS, pixels: x().pixels.map((p, i) => p + (step * gradient[i]!) / length) });
        const slope = (lossAt(1e-2) - lossAt(-1e-2)) / 2e-2;
        assert.ok(Math.abs(slope - length) < 0.03 * length, `slope ${slope}, gradient ${length}`);
      });

      for (const frozen of [[], ['norm']])
        it(`in training: scale ${scale}, center ${center}, ${frozen.length ? 'frozen' : 'trained'}`, async () => {
          const { network } = await open();
          const training = network.training({ masks: null, frozen });
          const losses = Array.from(
            { length: 20 },
            (_, seed) => training.step({ ...x(), labels, learningRate: 0.02, seed }).loss,
          );
          training.dispose();
          assert.ok(losses.every(Number.isFinite));
          assert.ok(losses.at(-1)! < 0.7 * losses[0]!, `losses ${losses}`);
        });
    }

  /** Cross-entropy with the labels, summed over the images. */
  function lossOf({ network, classes }: OpenModel, batch: { pixels: Float32Array; rows: number }): number {
    const probabilities = network.probabilities(batch, 1);
    return labels.reduce((sum, label, i) => sum - Math.log(probabilities[i * classes + label]!), 0);
  }
});
