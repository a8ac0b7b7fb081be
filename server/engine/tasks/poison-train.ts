import path from 'node:path';
import type { DefenseConfig } from '../../protocol/config/config';
import { withoutFormat, withPaths, type DataSource } from '../../protocol/data-source';
import type { EngineEvent, PoisonTrainOutcome, PoisonTrainRequest } from '../../protocol/messages/engine';
import { FinePruneError } from '../../protocol/errors';
import type { StageMetrics } from '../../protocol/report/report';
import { configText } from '../config/default-config';
import { resolveConfig, resolveTrigger } from '../config/read-config';
import { openSource } from '../data/open-data';
import { checkDataFitsModel, checkSameShape } from '../data/checks';
import type { Normalisation, Split } from '../data/dataset';
import { allIndices } from '../data/roles';
import { predict } from '../pass/measure';
import { sourceOf } from '../pass/inputs';
import { checkParts, writeTogether } from '../files/output/together';
import { stageMetrics } from '../metrics/evaluate';
import { frozenLayers } from '../model/frozen';
import { createSimpleCnn, openModel, storageOf } from '../model/formats/registry';
import { hashesNow } from '../model/identity';
import type { OpenModel } from '../model/model';
import { Progress } from '../process/progress';
import { train } from '../training/train';
import { modelCard } from '../poison/model-card';
import { openTrigger, type OpenTrigger } from '../triggers/open-trigger';
import { poisonedSplit } from '../poison/poison';
import { refuseForeignModel, refuseOwnFolder } from '../poison/poison-output';
import { trainPruningAware } from '../poison/pruning-aware';
import { triggeredInputs, type MeasuredInputs } from '../triggers/triggered-inputs';
import { beginEngine } from './begin';
import { CARD_FILE, CONFIG_FILE, MODEL_FILE } from '../../protocol/files';

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
  const backend = await beginEngine({ ...request, choice: request.backend }, progress, emit);
  progress.begin('data', 1);
  const { format } = request.train;
  const named = { train: relativeTo(request.out, request.train), test: relativeTo(request.out, request.test) };
  const config: DefenseConfig = {
    model: MODEL_FILE,
    data: { format, train: withoutFormat(named.train), test: withoutFormat(named.test) },
    trigger: request.trigger,
    seed: request.seed,
  };
  const { data } = resolveConfig(config);
  const clean = await openSource(request.train, { scale: data.scale, name: 'training' });
  const test = await openSource(request.test, { scale: data.scale, name: 'test' });
  checkSameShape(clean, test, format);

  progress.begin('model', 1);
  const model = await untrainedModel(request);
  try {
    checkDataFitsModel({ format, shape: clean.shape, train: clean, test }, model);
    // Pictures of a trigger lie beside the data or anywhere the person names: this is their own command, not a stranger's file.
    const trigger = await openTrigger(
      resolveTrigger(request.trigger),
      clean.shape,
      model.classes,
      async (file) => path.resolve(request.out, file),
      data,
    );
    const task: Task = { request, clean, test, model, trigger, normalisation: data, progress, signal };
    const triggered = triggeredInputs(trigger, { split: test, indices: allIndices(test.count) });
    const { poisoned, trained } = await trainPoisoned(task);
    const metrics = await measureTrained(task, triggered);
    emit({ type: 'stage', stage: 'after', metrics });

    progress.begin('write', 1);
    const storage = await storageOf(model);
    const fileName = storage.fileName(model);
    const names = { model: fileName, ...namesBeside(request.name) };
    const made = { trained, poisoned, images: clean.count, backend };
    const saved = hashesNow(model);
    const card = modelCard({ request, trigger: trigger.config, model, saved, metrics, ...made });
    const written = { model: fileName, ...named, trigger: request.trigger };
    const parts = [...storage.savedFiles(model)].map(([to, content]) => ({ to, content }));
    await writeTogether(
      outputPlace(request),
      [...parts, { to: names.config, content: configText(written) }, { to: names.card, content: card }],
      signal,
    );
    const at = (name: string): string => path.join(request.out, name);
    const files = { model: at(names.model), config: at(names.config), card: at(names.card) };
    progress.end();
    return { files, cleanAccuracy: metrics.cleanAccuracy, attackSuccessRate: metrics.attackSuccessRate! };
  } finally {
    model.dispose();
  }
}

const outputPlace = ({ out, name, root }: PoisonTrainRequest) => ({
  folder: path.resolve(out),
  name,
  allowed: { root, folders: [] },
});
const namesBeside = (name: string) => ({ config: CONFIG_FILE.named(name), card: CARD_FILE });

interface Task {
  readonly request: PoisonTrainRequest;
  readonly clean: Split;
  readonly test: Split;
  readonly model: OpenModel;
  readonly trigger: OpenTrigger;
  readonly normalisation: Normalisation;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** The layers that the person names, or the reference SimpleCNN, with first weights of the seed. */
async function untrainedModel(request: PoisonTrainRequest): Promise<OpenModel> {
  const { arch, out, seed } = request;
  if (arch) await refuseOwnFolder(arch, out);
  const model = arch ? await openModel(arch) : await createSimpleCnn({ seed, inputShape: [28, 28, 1], classes: 10 });
  try {
    const storage = await storageOf(model);
    await refuseForeignModel(out, storage.fileName(model));
    const names = [...storage.savedFiles(model).keys(), ...Object.values(namesBeside(request.name))];
    await checkParts(
      outputPlace(request),
      names.map((to) => ({ to })),
    );
    if (arch) storage.reinitialise(model, seed);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

async function trainPoisoned({ request, clean, test, model, trigger, normalisation, progress, signal }: Task) {
  const { epochs, batchSize, learningRate, seed, pruningAware, poisonRate, noiseRate = 0 } = request;
  const poisoned = poisonedSplit({ split: clean, trigger, poisonRate, noiseRate, seed });
  const source = sourceOf({ split: poisoned.split, indices: allIndices(clean.count) });
  const trainings = pruningAware === undefined ? 1 : 2;
  progress.expect({ train: clean.count * epochs * 3 * trainings, 'evaluate-after': test.count * 2 });
  progress.begin('train', Math.ceil(source.count / batchSize) * epochs * trainings);
  const options = {
    ...{ model, epochs, batchSize, learningRate, seed, signal, normalisation },
    frozen: frozenLayers(model.graph).map((f) => f.layer),
    onStep: (step: number, _total: number, soFar: { loss: number; accuracy: number }) => progress.step(step, soFar),
  };
  if (pruningAware === undefined) {
    return { poisoned, trained: { ...(await train({ ...options, source, masks: null })), decoys: [] } };
  }
  const both = { clean: sourceOf({ split: clean, indices: allIndices(clean.count) }), poisoned: source };
  return { poisoned, trained: await trainPruningAware({ ...options, ...both, share: pruningAware }) };
}

async function measureTrained(
  { test, model, normalisation, progress, signal }: Task,
  triggered: MeasuredInputs,
): Promise<StageMetrics> {
  const tested = sourceOf({ split: test, indices: allIndices(test.count) });
  progress.begin('evaluate-after', tested.count + triggered.count);
  const pass = { model, normalisation, signal };
  const predictions = {
    clean: await predict(tested, { ...pass, onImages: (n) => progress.step(n) }),
    triggered: await predict(triggered, { ...pass, onImages: (n) => progress.step(tested.count + n) }),
  };
  const truth = {
    classes: model.classes,
    clean: tested.labels,
    triggered: { labels: triggered.labels, target: triggered.target },
  };
  return stageMetrics(predictions, truth);
}

const relativeTo = (folder: string, source: DataSource): DataSource =>
  withPaths(source, (file) => path.relative(folder, file).split(path.sep).join('/'));
