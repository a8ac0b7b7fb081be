import type { ResolvedConfig } from '../../protocol/config';
import type { DefenseReport } from '../../protocol/report';
import { canonicalJson, sha256 } from '../files/hash';
import { portable } from './build-report';

/** Settings that a command line may set beside the config: they are the run's, and no sign that the config has changed. */
const OVERRIDES = new Set(['backend', 'threads', 'seed', 'curve', 'strategy', 'data.fineTuneImages']);

/** Whether a report was made from this config, as it stands now. */
export function isOfConfig(report: DefenseReport, config: ResolvedConfig): boolean {
  return sha256(canonicalJson(config)) === report.provenance.configHash;
}

/**
 * Settings in which the config that a report says it ran differs from a config file: `overridden` by the command line, `other` by
 * nothing that a run could do while the hash of its config is that of the file.
 */
export function settingsRun(report: DefenseReport, config: ResolvedConfig): { overridden: string[]; other: string[] } {
  const fields = differences(report.provenance.config, portable(config));
  return { overridden: fields.filter((field) => OVERRIDES.has(field)), other: fields.filter((field) => !OVERRIDES.has(field)) };
}

/** Paths, such as `fineTune.epochs`, of the values that are not the same in two JSON values. */
export function differences(before: unknown, now: unknown, name = ''): string[] {
  const bothObjects = [before, now].every((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
  if (!bothObjects) return canonicalJson(before ?? null) === canonicalJson(now ?? null) ? [] : [name];
  const [a, b] = [before as Record<string, unknown>, now as Record<string, unknown>];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => differences(a[key], b[key], name ? `${name}.${key}` : key));
}
