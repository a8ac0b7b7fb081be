import type { ResolvedConfig } from '../../protocol/config';
import { heldOutImages, namedHoldout } from '../../protocol/holdout';
import type { DefenseReport } from '../../protocol/report';
import { canonicalJson, sha256 } from '../files/hash';
import { portable } from './build-report';

/** Settings that a command line may set beside the config: they are the run's, and no sign that the config has changed. */
const OVERRIDES = new Set(['backend', 'threads', 'seed', 'curve', 'strategy', 'data.fineTuneImages']);

/** Whether a report was made from this config, as it stands now. */
export function isOfConfig(report: DefenseReport, config: ResolvedConfig): boolean {
  return sha256(canonicalJson(asRecorded(report, config))) === report.provenance.configHash;
}

/**
 * Settings in which the config that a report says it ran differs from a config file: `overridden` by the command line, `other` by
 * nothing that a run could do while the hash of its config is that of the file.
 */
export function settingsRun(report: DefenseReport, config: ResolvedConfig): { overridden: string[]; other: string[] } {
  const fields = settingDifferences(report.provenance.config, portable(asRecorded(report, config)));
  return { overridden: fields.filter((field) => OVERRIDES.has(field)), other: fields.filter((field) => !OVERRIDES.has(field)) };
}

/**
 * A config with its held-out images recorded as a report records them, where it asks for as many as the report has. 5,000 may be left
 * out or named, which is the same of 25,000 images or more; and version 0.1 recorded both alike.
 */
function asRecorded({ data, provenance }: DefenseReport, config: ResolvedConfig): ResolvedConfig {
  const recorded = provenance.config.data;
  const trained = data.holdout.images + data.fineTune.available;
  if (config.data.holdout !== recorded.holdout || heldOutImages(trained, namedHoldout(config.data)) !== data.holdout.images) return config;
  const rest = { ...config.data };
  delete rest.holdoutNamed;
  return { ...config, data: { ...rest, ...(recorded.holdoutNamed && { holdoutNamed: true }) } };
}

/** The settings in which two configs differ, as a config file has them. */
export function settingDifferences(before: ResolvedConfig, now: ResolvedConfig): string[] {
  return [...new Set(differences(before, now).map((field) => (field === 'data.holdoutNamed' ? 'data.holdout' : field)))];
}

/** Paths, such as `fineTune.epochs`, of the values that are not the same in two JSON values. */
export function differences(before: unknown, now: unknown, name = ''): string[] {
  const bothObjects = [before, now].every((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
  if (!bothObjects) return canonicalJson(before ?? null) === canonicalJson(now ?? null) ? [] : [name];
  const [a, b] = [before as Record<string, unknown>, now as Record<string, unknown>];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => differences(a[key], b[key], name ? `${name}.${key}` : key));
}
