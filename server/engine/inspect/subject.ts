import type { PruneRule, ResolvedConfig } from '../../protocol/config/config';
import { sourceFiles, SPLIT_NAMES, splitOf } from '../../protocol/data-source';
import { badInput } from '../../protocol/errors';
import type { LayerChoice } from '../../protocol/messages/inspect';
import type { InspectSubject } from '../../protocol/messages/inspect-engine';
import { suspectedClasses, inversionOf, type ScanResult } from '../../protocol/report/scan';
import type { OpenTrigger } from '../triggers/open-trigger';
import { triggeredInputs, type MeasuredInputs } from '../triggers/triggered-inputs';
import type { BackendInfo } from '../backend/select';
import { readConfig, type OpenConfig } from '../config/read-config';
import type { DataSet, Roles } from '../data/dataset';
import { checkDataFitsModel } from '../data/checks';
import { openData } from '../data/open-data';
import { splitRoles } from '../data/roles';
import { canonicalJson, sha256 } from '../files/hash';
import type { OpenModel } from '../model/model';
import { openModel, storageOf } from '../model/formats/registry';
import { configuredSite, findUnitSite, prunableLayers } from '../model/units';
import { MadeFromFiles } from './file-memo';
import { pruningOf } from './pruning';
import { places, Triggers, type Searching } from './triggers';

/** A config's model and data, opened, with the hash of all that an answer about them rests on. */
export interface Subject {
  readonly fingerprint: string;
  readonly opened: OpenConfig;
  readonly config: ResolvedConfig;
  readonly backend: BackendInfo;
  readonly model: OpenModel;
  readonly dataset: DataSet;
  readonly roles: Roles;
  readonly trigger: OpenTrigger | null;
  readonly triggered: MeasuredInputs | null;
  /** The scan that the trigger was searched by; null where it is described, or none is asked for. */
  readonly scan: ScanResult | null;
  /** False where the trigger is to be searched, and that was not allowed: nothing but an overview is made of such a subject. */
  readonly searched: boolean;
  /** The rule that orders units: the config's, or that of its strategy. */
  readonly rule: PruneRule;
  /** Whose rise `triggered-difference` orders by; null for other rules, and without a trigger: then the clean mean orders. */
  readonly guide: OpenTrigger | null;
  readonly layers: readonly LayerChoice[];
  /** The layer that a run prunes; null when the config names none and there is none that it would take. */
  readonly chosen: string | null;
}

/** Models that stay open: two configs' worth, before and after. */
const MODELS = 4;
const DATA_SETS = 2;

/** Opens subjects, and keeps what was opened while its files stay the same. */
export class Opener {
  private readonly models = new MadeFromFiles<OpenModel>(MODELS);
  private readonly data = new MadeFromFiles<DataSet>(DATA_SETS);
  private readonly triggers = new Triggers();
  /** Models whose tensors are there. */
  private readonly live = new Set<OpenModel>();

  /**
   * @param backend gives the engine that computes, chosen once a process
   * @throws FinePruneError as a run does for its model, config and data; of kind `cancelled` within one step of a search
   */
  async open(
    ref: InspectSubject,
    backend: (choice: ResolvedConfig['backend'], threads: number) => Promise<BackendInfo>,
    searching: Searching,
  ): Promise<Subject> {
    const opened = await readConfig(ref.config, {
      allowedFolders: ref.allowedFolders,
      ...(ref.root && { root: ref.root }),
    });
    try {
      return await this.openAll(opened, ref, backend, searching);
    } catch (error) {
      throw opened.placed(error);
    }
  }

  /**
   * The defended model that a report vouches for.
   * @param original the model that it was made from
   * @throws FinePruneError `inspect.changed` when it is another one by now, `inspect.notDefended` when it can't have been made from `original`
   */
  async openDefended(
    { model, weights }: NonNullable<InspectSubject['defended']>,
    original: OpenModel,
  ): Promise<OpenModel> {
    const defended = await this.openModel(model);
    const shapeOf = ({ inputShape, classes }: OpenModel): string => [...inputShape, classes].join();
    if (defended.hashes.weights === weights) {
      if (shapeOf(defended) === shapeOf(original)) return defended;
      // A report may come from anywhere, and its hashes fit whatever model it names.
      throw badInput(
        'inspect.notDefended',
        'The model that the report calls defended takes different images or has different classes than the model it should be made from.',
        { file: model, todo: 'Run the defense again, or inspect the model before the defense.' },
      );
    }
    throw badInput('inspect.changed', 'The defended model is not the one that its report measured.', {
      file: model,
      todo: 'Run the defense again, or refresh to see the model before the defense.',
    });
  }

  /** Models that are neither kept open nor used give their tensors back. */
  disposeUnused(used: readonly OpenModel[]): void {
    const kept = new Set([...this.models.values(), ...used]);
    for (const model of this.live) {
      if (kept.has(model)) continue;
      this.live.delete(model);
      model.dispose();
    }
  }

  private async openAll(
    opened: OpenConfig,
    ref: InspectSubject,
    backend: (choice: ResolvedConfig['backend'], threads: number) => Promise<BackendInfo>,
    searching: Searching,
  ): Promise<Subject> {
    const { config } = opened;
    // Files are read and unpacked by other threads while this one loads the backend.
    const reading = this.openData(opened);
    reading.catch(() => undefined);
    const computing = await backend(ref.backend ?? config.backend, config.threads);
    const model = await this.openModel(opened.modelPath);
    const dataset = await reading;
    checkDataFitsModel(dataset, model);
    const roles = splitRoles(config, dataset);
    const layers = prunableLayers(model.graph).map((name): LayerChoice => {
      const { kind, units, feedsClassifier } = findUnitSite(model.graph, name);
      return { name, kind, units, feedsClassifier };
    });
    // A wrongly named layer is reported before a search takes its time.
    const chosen = chosenLayer(config, model, layers);
    const found = await this.triggers.of({ opened, model, dataset, roles, backend: computing }, searching);
    const triggered = found.trigger && triggeredInputs(found.trigger, roles.test);
    const pruning = pruningOf({
      config,
      model,
      layers,
      chosen,
      trigger: found.trigger,
      repaired: ref.repaired ?? null,
    });
    const subject = {
      opened,
      config,
      backend: computing,
      model,
      dataset,
      roles,
      triggered,
      layers,
      ...found,
      ...pruning,
    };
    return { ...subject, fingerprint: fingerprintOf(subject) };
  }

  private openModel(file: string): Promise<OpenModel> {
    return this.models.get(file, async () => {
      const value = await openModel(file);
      this.live.add(value);
      return { value, files: (await storageOf(value)).files(value) };
    });
  }

  private async openData({ config, resolve }: OpenConfig): Promise<DataSet> {
    const { scale, mean, std, format } = config.data;
    const files = SPLIT_NAMES.flatMap((split) => sourceFiles(splitOf(config.data, split)));
    const key = canonicalJson([
      await places(
        files.map(({ path: written }) => written),
        resolve,
      ),
      scale,
      mean,
      std,
      format,
    ]);
    return await this.data.get(key, async () => {
      const value = await openData(config, resolve);
      return { value, files: await Promise.all(value.files.map(({ path: written }) => resolve(written))) };
    });
  }
}

/** Neither ratio nor fine-tuning change what is measured here, so a person may edit them without losing anything. */
function fingerprintOf({
  config,
  model,
  dataset,
  backend,
  trigger,
  scan,
  searched,
  rule,
  guide,
}: Omit<Subject, 'fingerprint'>): string {
  const { data, seed, gates, curve } = config;
  const { scale, mean, std, analysis, analysisImages, holdout, holdoutNamed = false, testImages } = data;
  return sha256(
    canonicalJson({
      model: model.hashes,
      data: {
        files: dataset.files.map(({ sha256: hash }) => hash),
        scale,
        mean,
        std,
        analysis,
        analysisImages,
        holdout,
        holdoutNamed,
        testImages,
      },
      trigger: config.trigger && { ...config.trigger, files: trigger?.files.map(({ sha256: hash }) => hash) ?? [] },
      // Of an estimated trigger, what it was estimated to be.
      ...(trigger && scan && { estimate: inversionOf(scan, trigger.target)!.estimate }),
      ...(scan && { flagged: suspectedClasses(scan) }),
      ...(!searched && { searched }),
      rule,
      ...(guide && guide !== trigger && { guide: stampHash(guide, dataset.shape) }),
      drop: gates.maxAccuracyDrop,
      ...(rule === 'triggered-difference' && { success: gates.maxAttackSuccessRate }),
      seed,
      curve,
      backend: backend.name,
    }),
  );
}

/** What a trigger makes of a grey image, as a hash. */
function stampHash(trigger: OpenTrigger, [height, width, channels]: DataSet['shape']): string {
  const pixels = new Float32Array(height * width * channels).fill(0.5);
  trigger.stamp(pixels);
  return sha256(Buffer.from(pixels.buffer));
}

function chosenLayer(config: ResolvedConfig, model: OpenModel, layers: readonly LayerChoice[]): string | null {
  if (layers.length === 0) return null;
  try {
    return configuredSite(model.graph, config).layer;
  } catch (error) {
    // A layer that the config names wrongly is reported; a model without a penultimate layer can still be looked into.
    if (config.layer !== null) throw error;
    return null;
  }
}
