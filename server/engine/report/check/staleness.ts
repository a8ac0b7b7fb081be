import type { ResolvedConfig } from '../../../protocol/config/config';
import { heldOutImages, namedHoldout } from '../../../protocol/config/holdout';
import type { DefenseReport, OverriddenSetting } from '../../../protocol/report/report';
import { settingWord, type RunSetting } from '../../../protocol/report/run-settings';
import { canonicalJson, sha256 } from '../../files/hash';
import { portable } from '../json/build-report';
import { named } from '../../../protocol/text/plain';

/** Which engine computed, and how fast, is not what a report is about. */
const MACHINE = new Set(['backend', 'threads']);
/** Settings that a command line may set beside the config: they are the run's, and no sign that the config has changed. */
const OVERRIDES: readonly OverriddenSetting[] = ['strategy', 'data.fineTuneImages', 'seed', 'curve'];
/** Longest text of a value that a report or config of whatever origin may have. */
const MOST_VALUE = 60;

/**
 * Whether a report tells what a run of this config, as it stands now, comes to: it was made from it, whatever a command line added, or the
 * config asks by now for exactly what was run.
 */
export function isOfConfig(report: DefenseReport, config: ResolvedConfig): boolean {
  return (
    sha256(canonicalJson(asRecorded(report, config))) === report.provenance.configHash ||
    settingsApart(report, config).length === 0
  );
}

/**
 * Settings in which the config that a report says it ran differs from a config file: `overridden` by the command line, `other` by
 * nothing that a run could do while the hash of its config is that of the file; `machine`, engine and threads.
 */
export function settingsRun(
  report: DefenseReport,
  config: ResolvedConfig,
): { overridden: OverriddenSetting[]; other: string[]; machine: string[] } {
  const apart = settingsApart(report, config);
  const overridden = OVERRIDES.filter((field) => apart.includes(field));
  return {
    overridden,
    other: apart.filter((field) => !isOverride(field)),
    machine: [...MACHINE].filter(
      (field) => report.provenance.config[field as 'backend'] !== config[field as 'backend'],
    ),
  };
}

/** The same in words, of a report that is of this config; empty for others, which are stale. */
export function runSettings(report: DefenseReport, config: ResolvedConfig): RunSetting[] {
  if (!isOfConfig(report, config)) return [];
  const { overridden, other } = settingsRun(report, config);
  return [...overridden, ...other].map((path) => runSetting(path, report.provenance.config, config));
}

/** Settings that a run has from its command line: where they differ from those of the config file. */
export function overriddenBy(run: ResolvedConfig, config: ResolvedConfig): OverriddenSetting[] {
  const fields = differences(run, config);
  return OVERRIDES.filter((field) => fields.includes(field));
}

function runSetting(path: string, run: ResolvedConfig, config: ResolvedConfig): RunSetting {
  if (!isOverride(path)) return { path, run: valueWord(run, path), config: valueWord(config, path), option: null };
  const value = settingWord(run, path);
  const options: Record<OverriddenSetting, string | null> = {
    strategy: `--strategy ${value}`,
    'data.fineTuneImages': run.data.fineTuneImages === null ? null : `--fine-tune-images ${value}`,
    seed: `--seed ${value}`,
    curve: run.curve === 'full' ? '--full-curve' : null,
  };
  return { path, run: value, config: settingWord(config, path), option: options[path] };
}

const isOverride = (path: string): path is OverriddenSetting => (OVERRIDES as readonly string[]).includes(path);

function valueWord(config: ResolvedConfig, path: string): string {
  const value = path
    .split('.')
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | null | undefined)?.[key], config);
  const text = JSON.stringify(value) ?? 'none';
  return named(text, MOST_VALUE);
}

/** Where what was run and a config differ, but for the machine's affairs and for what the strategy of both leaves aside. */
function settingsApart(report: DefenseReport, config: ResolvedConfig): string[] {
  const run = report.provenance.config;
  const now = portable(asRecorded(report, config));
  return settingDifferences(run, now).filter(
    (field) =>
      !MACHINE.has(field) &&
      !(run.strategy !== undefined && run.strategy === now.strategy && isAside(field, run.strategy)),
  );
}

/** A strategy chooses by itself what it prunes; those that train as they see fit, their epochs too. A config can't even give both. */
function isAside(field: string, strategy: NonNullable<ResolvedConfig['strategy']>): boolean {
  return (
    field.startsWith('prune.') || (field === 'fineTune.epochs' && (strategy === 'guided' || strategy === 'head-reset'))
  );
}

/**
 * A config with its held-out images recorded as a report records them, where it asks for as many as the report has. 5,000 may be left
 * out or named, which is the same of 25,000 images or more; and version 0.1 recorded both alike.
 */
function asRecorded({ data, provenance }: DefenseReport, config: ResolvedConfig): ResolvedConfig {
  const recorded = provenance.config.data;
  const trained = data.holdout.images + data.fineTune.available;
  if (
    config.data.holdout !== recorded.holdout ||
    heldOutImages(trained, namedHoldout(config.data)) !== data.holdout.images
  )
    return config;
  const rest = { ...config.data };
  delete rest.holdoutNamed;
  return { ...config, data: { ...rest, ...(recorded.holdoutNamed && { holdoutNamed: true }) } };
}

/** The settings in which two configs differ, as a config file has them. */
export function settingDifferences(before: ResolvedConfig, now: ResolvedConfig): string[] {
  return [
    ...new Set(differences(before, now).map((field) => (field === 'data.holdoutNamed' ? 'data.holdout' : field))),
  ];
}

/** Paths, such as `fineTune.epochs`, of the values that are not the same in two JSON values. */
export function differences(before: unknown, now: unknown, name = ''): string[] {
  const bothObjects = [before, now].every(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  );
  if (!bothObjects) return canonicalJson(before ?? null) === canonicalJson(now ?? null) ? [] : [name];
  const [a, b] = [before as Record<string, unknown>, now as Record<string, unknown>];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
    differences(a[key], b[key], name ? `${name}.${key}` : key),
  );
}
