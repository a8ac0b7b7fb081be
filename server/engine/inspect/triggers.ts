import type { KnownTrigger, ResolvedConfig } from '../../protocol/config/config';
import { sourceFiles, sourceFrom } from '../../protocol/data-source';
import { PHASE_TITLES } from '../../protocol/messages/engine';
import type { ScanResult } from '../../protocol/report/scan';
import { openTrigger, type OpenTrigger } from '../triggers/open-trigger';
import type { BackendInfo } from '../backend/select';
import type { OpenConfig } from '../config/read-config';
import type { DataSet, Roles } from '../data/dataset';
import { canonicalJson } from '../files/hash';
import { keptScanOfConfig, scanOfConfig } from '../detect/config-scan';
import { needsScan } from '../detect/needs-scan';
import { openEstimated } from '../triggers/estimate';
import type { OpenModel } from '../model/model';
import { MadeFromFiles } from './file-memo';

/** Tells how far a question is. */
export type Told = (title: string, overall: number) => void;

/** How a search for a trigger is announced. */
export interface Searching {
  readonly told: Told;
  readonly signal: AbortSignal;
  /** False: what is not known yet is not searched. */
  readonly search: boolean;
}

/** A config's model and data, as a trigger is searched on them. */
interface Setting {
  readonly opened: OpenConfig;
  readonly model: OpenModel;
  readonly dataset: DataSet;
  readonly roles: Roles;
  readonly backend: BackendInfo;
}

/** The trigger that figures are on. */
export interface Found {
  /** Null where none is described, nor found. */
  readonly trigger: OpenTrigger | null;
  /** The scan that it was searched by; null where it is described, or none is asked for. */
  readonly scan: ScanResult | null;
  /** False where it is to be searched, and that was not allowed. */
  readonly searched: boolean;
}

/** Described triggers that are kept, and results of scans. */
const DESCRIBED = 2;
const SCANS = 8;

/** Opens triggers, described ones and those that a scan estimates, and keeps them. */
export class Triggers {
  private readonly described = new MadeFromFiles<OpenTrigger>(DESCRIBED);
  /** Beside the user's cache, which can't be written everywhere. */
  private readonly scans = new Map<string, ScanResult>();

  /**
   * The trigger of a config, as a run takes it.
   * @throws FinePruneError as `openTrigger` and `scanOfConfig` do
   */
  async of(setting: Setting, searching: Searching): Promise<Found> {
    const { config } = setting.opened;
    if (config.trigger && config.trigger.kind !== 'inverted')
      return { trigger: await this.open(setting, config.trigger), scan: null, searched: true };
    if (!needsScan(config)) return { trigger: null, scan: null, searched: true };
    const scan = await this.scan(setting, searching);
    return {
      trigger: scan && openEstimated(scan, config.trigger, setting.model.inputShape),
      scan,
      searched: scan !== null,
    };
  }

  private async open(
    { opened: { config, resolve }, dataset, model: { classes } }: Setting,
    trigger: KnownTrigger,
  ): Promise<OpenTrigger> {
    const named =
      trigger.kind === 'samples'
        ? sourceFiles(sourceFrom(config.data.format, trigger)).map(({ path }) => path)
        : 'image' in trigger && trigger.image !== null
          ? [trigger.image]
          : [];
    // Paths as they are allowed here and now: what another config may read must not be handed to this one.
    const key = canonicalJson([
      trigger,
      dataset.shape,
      classes,
      config.data.format,
      config.data.scale,
      await places(named, resolve),
    ]);
    return await this.described.get(key, async () => {
      const value = await openTrigger(trigger, dataset.shape, classes, resolve, config.data);
      return { value, files: await Promise.all(value.files.map(({ path: written }) => resolve(written))) };
    });
  }

  /** @returns null where it is not known and may not be searched */
  private async scan(
    { opened: { config }, model, dataset, roles, backend }: Setting,
    { told, signal, search }: Searching,
  ): Promise<ScanResult | null> {
    const subject = { config, model, roles };
    const key = keyOf(config, model, dataset, backend);
    let scan = this.scans.get(key) ?? (await keptScanOfConfig(subject, backend));
    if (!scan && search)
      ({ scan } = await scanOfConfig(subject, backend, {
        signal,
        onProgress: (done) => told(PHASE_TITLES.scan, done),
      }));
    if (!scan) return null;
    this.scans.delete(key);
    this.scans.set(key, scan);
    for (const oldest of this.scans.keys()) {
      if (this.scans.size <= SCANS) break;
      this.scans.delete(oldest);
    }
    return scan;
  }
}

/** All that a scan's result rests on, without a look at the pixels. */
function keyOf(
  { data, trigger, seed }: ResolvedConfig,
  model: OpenModel,
  dataset: DataSet,
  { name, version, threads, oneDnn }: BackendInfo,
): string {
  const { scale, mean, std, holdout, holdoutNamed = false, fineTuneImages } = data;
  const files = dataset.files.map(({ sha256 }) => sha256);
  return canonicalJson({
    model: model.hashes,
    files,
    scale,
    mean,
    std,
    holdout,
    holdoutNamed,
    fineTuneImages,
    target: trigger?.target ?? null,
    seed,
    backend: { name, version, threads, oneDnn },
  });
}

/** Absolute paths; one that may not be read stays as it is written, for opening it to refuse. */
export function places(files: readonly string[], resolve: OpenConfig['resolve']): Promise<string[]> {
  return Promise.all(files.map((file) => resolve(file).catch(() => file)));
}
