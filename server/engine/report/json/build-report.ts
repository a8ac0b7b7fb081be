import path from 'node:path';
import type { ResolvedConfig } from '../../../protocol/config/config';
import {
  sourceFrom,
  splitOf,
  withoutFormat,
  withPaths,
  type DataSource,
  type SplitFiles,
} from '../../../protocol/data-source';
import type { DefenseReport, Finding, OverriddenSetting } from '../../../protocol/report/report';
import type { BackendInfo } from '../../backend/select';
import type { DataSet } from '../../data/dataset';
import type { Outcome } from '../../defense/outcome';
import { provenanceOf } from './provenance';
import type { Subject } from '../../pass/subject';
import { reportedScan } from '../../detect/reported';
import { findings } from '../findings/findings';
import { judge, judgeGates } from '../../defense/verdict';

export interface ReportParts {
  subject: Subject;
  outcome: Outcome;
  dataset: DataSet;
  backend: BackendInfo;
  /** SHA-256 of the canonical resolved config file. */
  configHash: string;
  /** Settings that the command line gave instead of that file. */
  overridden: readonly OverriddenSetting[];
}

/** Puts a run's figures together with verdict, gates and findings. `model.after` is filled in when the model is saved. */
export function buildReport({
  subject,
  outcome,
  dataset,
  backend,
  configHash,
  overridden,
}: ReportParts): DefenseReport {
  const { config, model, site, roles, triggered } = subject;
  const { pruningChanged, scan, ...measured } = outcome;
  const facts: Omit<DefenseReport, 'findings' | 'verdict' | 'gates' | 'schemaVersion'> = {
    ...measured,
    ...(scan && { scan: reportedScan(scan, triggered?.target) }),
    trigger: triggered && {
      kind: triggered.kind,
      source: triggered.kind === 'inverted' ? 'estimated' : 'known',
      target: triggered.target,
      inputs: triggered.count,
    },
    data: {
      format: dataset.format,
      classes: dataset.classes,
      shape: [...dataset.shape],
      analysis: { role: roles.analysisRole, images: roles.analysis.indices.length },
      holdout: { images: roles.holdout.indices.length },
      fineTune: { images: roles.fineTune.indices.length, available: roles.fineTuneAvailable },
      test: { images: roles.test.indices.length, available: roles.test.split.count },
      files: dataset.files.map((file) => ({ ...file, path: withoutMachine(file.path) })),
    },
    model: {
      format: model.format,
      path: withoutMachine(config.model),
      layers: model.summary.layers.length,
      parameters: model.summary.parameters,
      ...(model.summary.unread.count > 0 && { unread: model.summary.unread }),
      before: model.hashes,
      after: null,
    },
    provenance: {
      ...provenanceOf(backend),
      configHash,
      config: portable(config),
      ...(overridden.length > 0 && { overridden: [...overridden] }),
    },
  };
  const found: Finding[] = findings({
    ...facts,
    pruningChanged,
    canBeNegative: site.canBeNegative,
    samplesOfTargetClass: triggered?.kind === 'samples' ? triggered.excluded : 0,
  });
  return {
    schemaVersion: 2,
    ...facts,
    findings: found,
    gates: judgeGates(facts, config.gates),
    verdict: judge(facts, config.gates),
  };
}

/** Where an absolute path leads is this machine's affair: a report keeps the file's name, and its hash says which file it was. */
function withoutMachine(file: string): string {
  return path.posix.isAbsolute(file) || path.win32.isAbsolute(file) ? `…/${file.split(/[\\/]/).at(-1)}` : file;
}

/** A config as reports record it: without the folders of absolute paths. */
export function portable(config: ResolvedConfig): ResolvedConfig {
  const { data, trigger } = config;
  const plain = (source: DataSource): SplitFiles => withoutFormat(withPaths(source, withoutMachine));
  return {
    ...config,
    model: withoutMachine(config.model),
    data: { ...data, train: plain(splitOf(data, 'train')), test: plain(splitOf(data, 'test')) },
    trigger:
      trigger?.kind === 'samples'
        ? { ...trigger, ...plain(sourceFrom(data.format, trigger)) }
        : trigger && 'image' in trigger && trigger.image !== null
          ? { ...trigger, image: withoutMachine(trigger.image) }
          : trigger,
  };
}
