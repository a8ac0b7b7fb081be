import * as v from 'valibot';
import type { ResolvedConfig } from '../config/config';
import type { DefenseReport, OverriddenSetting } from './report';
import { text } from '../shape/shape';
import { list } from '../words';

/**
 * Settings that a report's run had from its command line instead of its config. Such a report is not stale: model, data and config are what
 * they were. But the config by itself asks for another run, so whoever reads the verdict has to know.
 */

/** A setting in which what was run differs from the config file as it is now. Values are in words, ready to be shown as text. */
export const RunSetting = v.object({
  /** In the config: `strategy`, `data.fineTuneImages`. */
  path: text,
  /** As it was run: `auto`, `120`. */
  run: text,
  /** As the config has it: `fine-pruning`, `all`. */
  config: text,
  /** The option of `fine-prune run` that asks for it: `--strategy auto`; null for what no command line sets. */
  option: v.nullable(text),
});
export type RunSetting = v.InferOutput<typeof RunSetting>;

/** A setting that a command line may give, as a config has it, in one word. */
export function settingWord(config: ResolvedConfig, path: OverriddenSetting): string {
  switch (path) {
    case 'strategy':
      return config.strategy ?? 'fine-pruning';
    case 'data.fineTuneImages':
      return config.data.fineTuneImages === null ? 'all' : String(config.data.fineTuneImages);
    case 'seed':
    case 'curve':
      return String(config[path]);
  }
}

/** `strategy auto`, `data.fineTuneImages 120`: what a report says its command line gave, without a look at the config. */
export function recordedSettings({
  provenance: { overridden = [], config },
}: Pick<DefenseReport, 'provenance'>): string[] {
  return overridden.map((path) => `${path} ${settingWord(config, path)}`);
}

/** Settings that one line names; the rest are counted. */
const MOST_NAMED = 3;

/** `with --strategy auto and --seed 5`: beside a verdict. Empty without settings. */
export function withSettings(settings: readonly RunSetting[]): string {
  if (settings.length === 0) return '';
  const named = settings.slice(0, MOST_NAMED).map(({ option, path, run }) => option ?? `${path} ${run}`);
  const more = settings.length - named.length;
  return `with ${list([...named, ...(more > 0 ? [`${more} more`] : [])])}`;
}

/** What was run, and what the config would. */
export function settingsText(settings: readonly RunSetting[]): string {
  const list = settings.map(({ path, run, config }) => `${path} ${run} (config: ${config})`).join(', ');
  const whence = settings.every(({ option }) => option !== null)
    ? 'settings from the command line'
    : 'settings that are not in the config';
  return `This report was made with ${whence}: ${list}. Running the config on its own may give a different result.`;
}
