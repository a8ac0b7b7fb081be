import type { ResolvedConfig } from '../../../protocol/config/config';
import {
  sourceFiles,
  sourceFrom,
  SPLIT_NAMES,
  splitOf,
  type DataSource,
  type SplitName,
} from '../../../protocol/data-source';
import type { DefenseReport } from '../../../protocol/report/report';
import { DEFAULT_HOLDOUT, heldOutImages, namedHoldout } from '../../../protocol/config/holdout';
import { recordedSettings } from '../../../protocol/report/run-settings';
import { inversionOf } from '../../../protocol/report/scan';
import { canonicalJson, sha256 } from '../../files/hash';
import type { Tell } from './consistency';
import { hashProblem, modelProblems } from './model';

/** What the config asks for against what the report says was done, and what names files and hashes. */
export function settingProblems(report: DefenseReport, tell: Tell): void {
  dataProblems(report, tell);
  trainingProblems(report, tell);
  modelProblems(report, tell);
  provenanceProblems(report, tell);
}

function dataProblems(report: DefenseReport, tell: Tell): void {
  const { data, layer, trigger, provenance } = report;
  const { config } = provenance;
  const trained = data.holdout.images + data.fineTune.available;
  tell.same(
    'images',
    '/data/holdout/images',
    data.holdout.images,
    formerHoldout(report) ?? heldOutImages(trained, namedHoldout(config.data)),
    `of ${trained} training images, the config holds out`,
  );
  tell.same(
    'images',
    '/data/fineTune/images',
    data.fineTune.images,
    Math.min(config.data.fineTuneImages ?? Infinity, data.fineTune.available),
    'the config asks for',
  );
  tell.same(
    'images',
    '/data/test/images',
    data.test.images,
    Math.min(config.data.testImages ?? Infinity, data.test.available),
    'the config asks for',
  );
  const base = data.analysis.role === 'test' ? data.test.images : data.holdout.images;
  tell.same(
    'images',
    '/data/analysis/images',
    data.analysis.images,
    Math.min(config.data.analysisImages ?? Infinity, base),
    'the config asks for',
  );
  tell.same('images', '/data/analysis/role', data.analysis.role, config.data.analysis, 'the config asks for');
  tell.same('data', '/data/format', data.format, config.data.format, 'the config says');
  // The last convolution is named by the strategy that prunes it.
  const named =
    config.layer !== null || report.attempts?.some((one) => one.chosen && one.strategy === 'fine-pruning-conv');
  const found = config.strategy && layer.chosen === 'last' ? 'last' : 'penultimate';
  tell.same('layer', '/layer/chosen', layer.chosen, named ? 'named' : found, 'according to the config it was');
  if (config.layer !== null) tell.same('layer', '/layer/name', layer.name, config.layer, 'the config names');
  triggerProblems(trigger, report.scan, config, tell);
  const files = dataFiles(config).map(({ path }) => path);
  if (canonicalJson(data.files.map((file) => file.path)) !== canonicalJson(files)) {
    tell.problem(
      'data',
      '/data/files',
      `\`/data/files\` must list the ${files.length} files that the config names, in the same order.`,
    );
  }
  const hashes = new Map<string, string>();
  data.files.forEach(({ path: file, sha256: hash }, at) => {
    hashProblem(hash, `/data/files/${at}/sha256`, tell);
    // A shortened path may stand for two files of one name.
    if (!file.startsWith('…') && (hashes.get(file) ?? hash) !== hash)
      tell.problem('data', `/data/files/${at}/sha256`, 'The same file has two hashes.');
    hashes.set(file, hash);
  });
}

/**
 * The held-out images of a report whose config leaves their number out, from when that stood for half of the images, up to 5,000;
 * null where they are as many as a run would hold out now.
 */
export function formerHoldout({ data, provenance }: Pick<DefenseReport, 'data' | 'provenance'>): number | null {
  const trained = data.holdout.images + data.fineTune.available;
  const then = heldOutImages(trained, DEFAULT_HOLDOUT);
  return namedHoldout(provenance.config.data) === null &&
    data.holdout.images === then &&
    then !== heldOutImages(trained, null)
    ? then
    : null;
}

/** A described trigger is known and as described; one that is to be estimated is the scan's, of the class asked for or the first flagged one. */
function triggerProblems(
  trigger: DefenseReport['trigger'],
  scan: DefenseReport['scan'],
  config: ResolvedConfig,
  tell: Tell,
): void {
  if (config.trigger && config.trigger.kind !== 'inverted') {
    tell.same('trigger', '/trigger/kind', trigger?.kind ?? null, config.trigger.kind, 'the config has');
    tell.same('trigger', '/trigger/target', trigger?.target ?? null, config.trigger.target, 'the config has');
    tell.same('trigger', '/trigger/source', trigger?.source ?? null, 'known', 'a trigger that the config describes is');
    return;
  }
  // A strategy measures with an estimate where the config says nothing of a trigger.
  const target =
    config.trigger || config.strategy ? (config.trigger?.target ?? scan?.suspects[0]?.target ?? null) : null;
  tell.same(
    'trigger',
    '/trigger/target',
    trigger?.target ?? null,
    target,
    target === null
      ? 'neither the config nor the scan gives a target, so it must be'
      : 'the class to estimate the trigger of is',
  );
  if (!trigger) return;
  tell.same('trigger', '/trigger/kind', trigger.kind, 'inverted', 'the config has');
  tell.same(
    'trigger',
    '/trigger/source',
    trigger.source,
    'estimated',
    'a trigger that the config does not describe can only be',
  );
  if (!scan || !inversionOf(scan, trigger.target)?.estimate)
    tell.problem(
      'trigger',
      '/trigger',
      `The figures are on an estimated trigger for class ${trigger.target}, but the scan has none.`,
    );
}

/** A file that a config reads as data, and what for. */
export interface DataFile {
  readonly role: SplitName | 'trigger';
  readonly path: string;
}

/** The files that a config reads as data, in the order of the report's list. */
export function dataFiles({ data, trigger }: Pick<ResolvedConfig, 'data' | 'trigger'>): DataFile[] {
  const stamped =
    trigger?.kind === 'samples'
      ? pathsOf(sourceFrom(data.format, trigger))
      : trigger && 'image' in trigger && trigger.image !== null
        ? [trigger.image]
        : [];
  return [
    ...SPLIT_NAMES.flatMap((role) => pathsOf(splitOf(data, role)).map((path): DataFile => ({ role, path }))),
    ...stamped.map((path): DataFile => ({ role: 'trigger', path })),
  ];
}

const pathsOf = (source: DataSource): string[] => sourceFiles(source).map(({ path }) => path);

function trainingProblems({ fineTuning, data, repaired, provenance }: DefenseReport, tell: Tell): void {
  const { fineTune, strategy } = provenance.config;
  tell.same(
    'fineTuning',
    '/fineTuning/history',
    fineTuning.history.length,
    fineTuning.epochs,
    'there must be one entry per epoch:',
  );
  fineTuning.history.forEach(({ epoch }, at) =>
    tell.same(
      'fineTuning',
      `/fineTuning/history/${at}/epoch`,
      epoch,
      at + 1,
      'epochs are numbered from 1, so it must be',
    ),
  );
  if (!repaired)
    tell.same('fineTuning', '/fineTuning/epochs', fineTuning.epochs, 0, 'nothing was repaired, so it must be');
  tell.same('fineTuning', '/fineTuning/images', fineTuning.images, data.fineTune.images, '`/data/fineTune/images` is');
  // Other strategies train as long, as fast and on as many stamped images as they choose; repair.ts looks at their epochs.
  if (strategy) return;
  if (repaired)
    tell.same('fineTuning', '/fineTuning/epochs', fineTuning.epochs, fineTune.epochs, 'the config asks for');
  tell.same('fineTuning', '/fineTuning/batchSize', fineTuning.batchSize, fineTune.batchSize, 'the config asks for');
  tell.same(
    'fineTuning',
    '/fineTuning/learningRate',
    fineTuning.learningRate,
    fineTune.learningRate,
    'the config asks for',
  );
  tell.same(
    'fineTuning',
    '/fineTuning/steps',
    fineTuning.steps,
    Math.ceil(fineTuning.images / Math.max(1, fineTuning.batchSize)) * fineTuning.epochs,
    `${fineTuning.epochs} epochs of ${fineTuning.images} images in batches of ${fineTuning.batchSize} make`,
  );
  fineTuning.history.forEach(({ accuracy }, at) => {
    const correct = accuracy * fineTuning.images;
    if (Math.abs(correct - Math.round(correct)) > 1e-8 * Math.max(1, fineTuning.images)) {
      tell.problem(
        'fineTuning',
        `/fineTuning/history/${at}/accuracy`,
        `${accuracy} of ${fineTuning.images} images is not a whole number.`,
      );
    }
  });
}

function provenanceProblems(report: DefenseReport, tell: Tell): void {
  const { provenance, stages, repaired } = report;
  const { config, configHash } = provenance;
  hashProblem(configHash, '/provenance/configHash', tell);
  if (sha256(canonicalJson(config)) !== configHash) {
    const settings = recordedSettings(report);
    const which = settings.length
      ? `settings from its command line (${settings.join(', ')})`
      : 'settings from its command line';
    tell.note(
      'config.overridden',
      '/provenance/configHash',
      `The run had ${which}, or paths outside of its folder: the hash of the config file does not match the settings recorded here.`,
    );
  } else if (provenance.overridden) {
    tell.problem(
      'config',
      '/provenance/overridden',
      'The hash of the config file matches the settings recorded here, so none of them can come from a command line.',
    );
  }
  if (config.backend !== 'auto')
    tell.same('config', '/provenance/backend', provenance.backend, config.backend, 'the config asks for');
  tell.same(
    'config',
    '/provenance/threads',
    provenance.threads,
    provenance.backend === 'wasm' ? 1 : config.threads,
    provenance.backend === 'wasm' ? 'WASM has' : 'the config asks for',
  );
  if (!repaired) {
    for (const stage of ['pruned', 'after'] as const) {
      if (canonicalJson(stages[stage]) !== canonicalJson(stages.before))
        tell.problem(
          'repaired',
          `/stages/${stage}`,
          `Nothing was repaired, but \`/stages/${stage}\` differs from \`/stages/before\`.`,
        );
    }
  }
}
