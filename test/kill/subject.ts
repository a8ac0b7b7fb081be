import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { startPoisonTrain } from '../../server/jobs/engine-process';
import { smallConfig, SMALL_TRIGGER, writeArchitecture, writeSmallImages } from '../fixtures/small-backdoor';
import { built } from '../harness/built';

/** Images enough for a run that measures something and repairs it. */
const COUNTS = { train: 1_500, test: 150 };

/**
 * Trains a small backdoored model, and writes a config for the shortest run that repairs it.
 * @returns path of the config
 */
export async function writeSubject(folder: string, name: string): Promise<string> {
  for (const made of ['arch', 'data']) mkdirSync(path.join(folder, made), { recursive: true });
  const model = path.join(folder, 'model');
  await startPoisonTrain(
    {
      ...(await writeSmallImages(path.join(folder, 'data'), COUNTS)),
      ...{ out: model, name, arch: writeArchitecture(path.join(folder, 'arch')), trigger: SMALL_TRIGGER },
      ...{ poisonRate: 0.2, seed: 11, epochs: 6, batchSize: 32, learningRate: 0.003, backend: 'wasm', threads: 1 },
    },
    { onEvent: () => undefined, signal: new AbortController().signal, workerPath: built('worker') },
  );
  return smallConfig(
    model,
    name,
    { trigger: SMALL_TRIGGER, backend: 'wasm', fineTune: { epochs: 1 } },
    { holdout: 100, fineTuneImages: 64 },
  );
}
