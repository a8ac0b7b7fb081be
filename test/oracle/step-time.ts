// CPU milliseconds of one fine-tuning step of the native engine on one thread: what step_time.py measures in PyTorch.
import path from 'node:path';
import { selectBackend } from '../../server/engine/backend/select';
import { openIdx } from '../../server/engine/data/formats/idx/open-idx';
import { allIndices } from '../../server/engine/data/roles';
import { sourceOf } from '../../server/engine/pass/inputs';
import { applyMasks, masksFor } from '../../server/engine/model/masks';
import { openModel } from '../../server/engine/model/formats/registry';
import { findUnitSite } from '../../server/engine/model/units';
import { train } from '../../server/engine/training/train';

const [, , modelFolder, mnist, count = '200'] = process.argv;
const STEPS = Number(count);
const DISTINCT = 60;

async function main(): Promise<void> {
  await selectBackend({ choice: 'native', threads: 1 });
  const split = await openIdx(
    path.join(mnist!, 'train-images-idx3-ubyte'),
    path.join(mnist!, 'train-labels-idx1-ubyte'),
    1 / 255,
  );
  const model = await openModel(path.join(modelFolder!, 'model.json'), {});
  const masks = masksFor(model.graph, findUnitSite(model.graph), [...allIndices(25)]);
  applyMasks(model.network, masks);
  const images = (steps: number) =>
    sourceOf({ split, indices: Int32Array.from({ length: 64 * steps }, (_, i) => i % (64 * DISTINCT)) });
  const run = (steps: number) =>
    train({
      model,
      source: images(steps),
      normalisation: { mean: [0], std: [1] },
      epochs: 1,
      batchSize: 64,
      learningRate: 5e-4,
      seed: 0,
      masks,
      frozen: [],
      signal: new AbortController().signal,
    });
  await run(20);
  const before = process.cpuUsage();
  await run(STEPS);
  const { user, system } = process.cpuUsage(before);
  console.log(((user + system) / 1000 / STEPS).toFixed(2));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
