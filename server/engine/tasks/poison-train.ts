import path from 'node:path';
import type { DefenseConfig } from '../../protocol/config';
import type { EngineEvent, PoisonTrainOutcome, PoisonTrainRequest } from '../../protocol/messages/engine';
import { FinePruneError } from '../../protocol/errors';
import { selectBackend } from '../backend/select';
import { configText } from '../config/default-config';
import { resolveConfig, resolveTrigger } from '../config/read-config';
import { openIdx } from '../data/formats/idx/open-idx';
import { checkDataFitsModel, checkSameShape } from '../data/open-data';
import { allIndices } from '../data/roles';
import { predict } from '../pass/measure';
import { sourceOf } from '../pass/inputs';
import { writeFileAtomically } from '../files/write';
import { stageMetrics } from '../metrics/evaluate';
import { frozenLayers } from '../model/frozen';
import { openModel } from '../model/formats/tfjs-layers/open';
import { buildSimpleCnn, reinitialise } from '../poison/simple-cnn';
import { saveModelBeside } from '../model/formats/tfjs-layers/save';
import { Progress } from '../process/progress';
import { train } from '../training/train';
import { modelCard } from '../poison/model-card';
import { openTrigger } from '../triggers/open-trigger';
import { poisonedSplit } from '../poison/poison';
import { refuseForeignModel, refuseOwnFolder } from '../poison/poison-output';
import { trainPruningAware } from '../poison/pruning-aware';
import { triggeredInputs } from '../triggers/triggered-inputs';
import { CONFIG_FILE, MODEL_FILE } from '../../protocol/files';

/**
 * Makes a backdoored model for trying defenses on (or, at a poison rate of 0, a clean one): trains the reference SimpleCNN, or the layers of a given model, from
 * scratch on a training set of which a share carries the trigger and the target's label (BadNets; Gu, Dolan-Gavitt, Garg
 * 2017), and writes model, defense config and a card that says how it was made. The seed fixes weights, poisoned images and order.
 * @throws FinePruneError as `runDefense` does
 */
export async function poisonTrain(
  request: PoisonTrainRequest,
  emit: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<PoisonTrainOutcome> {
  try {
    return await makeModel(request, emit, signal);
  } catch (error) {
    if (!(error instanceof FinePruneError) || error.file !== undefined || !error.place?.startsWith('/')) throw error;
    // Such a place is in a config, and here none has been written yet.
    const { kind, code, message, todo } = error;
    throw new FinePruneError({ kind, code, message, ...(todo && { todo }) }, { cause: error });
  }
}

async function makeModel(
  request: PoisonTrainRequest,
  emit: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<PoisonTrainOutcome> {
  const progress = new Progress(emit);
  progress.begin('engine', 1);
  const backend = await selectBackend({
    choice: request.backend,
    threads: request.threads,
    ...(request.nativeBinding && { configuredPath: request.nativeBinding }),
  });
  emit({ type: 'backend', name: backend.name, why: backend.why, version: backend.version });

  progress.begin('data', 1);
  const config: DefenseConfig = {
    model: MODEL_FILE,
    data: { train: relativeTo(request.out, request.train), test: relativeTo(request.out, request.test) },
    trigger: request.trigger,
    seed: request.seed,
  };
  const resolved = resolveConfig(config);
  const [clean, test] = [
    await openIdx(request.train.images, request.train.labels, resolved.data.scale, 'training'),
    await openIdx(request.test.images, request.test.labels, resolved.data.scale, 'test'),
  ];

  checkSameShape(clean, test);

  progress.begin('model', 1);
  if (request.arch) await refuseOwnFolder(request.arch, request.out);
  await refuseForeignModel(request.out);
  const model = request.arch
    ? await openModel(request.arch, {})
    : buildSimpleCnn({ seed: request.seed, inputShape: [28, 28, 1], classes: 10 });
  if (request.arch) reinitialise(model, request.seed);
  try {
    checkDataFitsModel({ shape: clean.shape, train: clean, test }, model);
    // Pictures of a trigger lie beside the data or anywhere the person names: this is their own command, not a stranger's file.
    const trigger = await openTrigger(
      resolveTrigger(request.trigger),
      clean.shape,
      model.classes,
      async (file) => path.resolve(request.out, file),
      resolved.data.scale,
    );
    const poisoned = poisonedSplit({
      split: clean,
      trigger,
      poisonRate: request.poisonRate,
      noiseRate: request.noiseRate ?? 0,
      seed: request.seed,
    });
    const triggered = triggeredInputs(trigger, { split: test, indices: allIndices(test.count) });
    const trainings = request.pruningAware === undefined ? 1 : 2;
    progress.expect({ train: clean.count * request.epochs * 3 * trainings, 'evaluate-after': test.count * 2 });

    const source = sourceOf({ split: poisoned.split, indices: allIndices(clean.count) });
    progress.begin('train', Math.ceil(source.count / request.batchSize) * request.epochs * trainings);
    const { epochs, batchSize, learningRate, seed, pruningAware } = request;
    const options = {
      ...{ model, epochs, batchSize, learningRate, seed, signal },
      normalisation: resolved.data,
      frozen: frozenLayers(model.graph).map((f) => f.layer),
      onStep: (step: number, _total: number, soFar: { loss: number; accuracy: number }) => progress.step(step, soFar),
    };
    const trained =
      pruningAware === undefined
        ? { ...(await train({ ...options, source, masks: null })), decoys: [] }
        : await trainPruningAware({
            ...options,
            clean: sourceOf({ split: clean, indices: allIndices(clean.count) }),
            poisoned: source,
            share: pruningAware,
          });

    const tested = sourceOf({ split: test, indices: allIndices(test.count) });
    progress.begin('evaluate-after', tested.count + triggered.count);
    const pass = { model, normalisation: resolved.data, signal };
    const metrics = stageMetrics(
      {
        clean: await predict(tested, { ...pass, onImages: (n) => progress.step(n) }),
        triggered: await predict(triggered, { ...pass, onImages: (n) => progress.step(tested.count + n) }),
      },
      {
        classes: model.classes,
        clean: tested.labels,
        triggered: { labels: triggered.labels, target: triggered.target },
      },
    );
    emit({ type: 'stage', stage: 'after', metrics });

    progress.begin('write', 1);
    const saved = await saveModelBeside(model, request.out);
    const files = {
      model: saved.path,
      config: path.join(request.out, CONFIG_FILE.named(request.name)),
      card: path.join(request.out, 'CARD.md'),
    };
    await writeFileAtomically(
      files.config,
      configText({ model: MODEL_FILE, ...config.data, trigger: request.trigger }),
    );
    await writeFileAtomically(
      files.card,
      modelCard({
        request,
        trigger: trigger.config,
        model,
        saved,
        metrics,
        trained,
        poisoned,
        images: clean.count,
        backend,
      }),
    );
    progress.end();
    return { files, cleanAccuracy: metrics.cleanAccuracy, attackSuccessRate: metrics.attackSuccessRate! };
  } finally {
    model.dispose();
  }
}

function relativeTo(
  folder: string,
  { images, labels }: { images: string; labels: string },
): { images: string; labels: string } {
  const relative = (file: string) => path.relative(folder, file).split(path.sep).join('/');
  return { images: relative(images), labels: relative(labels) };
}
