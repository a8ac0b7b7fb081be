import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { randomStream } from '../../server/engine/data/random';
import { smallConfig, writeArchitecture, writeSmallImages } from '../fixtures/small-backdoor';

/** Images enough for a run that measures something. */
const COUNTS = { train: 160, test: 60 };

/**
 * Writes a small model with weights of a seed, some images, and a config: what a run takes the least time for.
 * @returns path of the config
 */
export async function writeSubject(folder: string, name: string): Promise<string> {
  const model = path.join(folder, 'model');
  for (const made of [model, path.join(folder, 'data')]) mkdirSync(made, { recursive: true });
  await writeSmallImages(path.join(folder, 'data'), COUNTS);
  writeArchitecture(model);
  const weights = path.join(model, 'weights.bin');
  const random = randomStream(5, 'kill');
  const values = Float32Array.from({ length: readFileSync(weights).length / 4 }, () => (random.unit() - 0.5) / 4);
  writeFileSync(weights, new Uint8Array(values.buffer));
  return smallConfig(
    model,
    name,
    {
      trigger: { kind: 'patch', target: 4 },
      backend: 'wasm',
      prune: { ratio: 0.1 },
      fineTune: { epochs: 1, batchSize: 32 },
    },
    { holdout: 40 },
  );
}
