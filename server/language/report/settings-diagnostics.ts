import type { Diagnostic } from 'vscode-languageserver-types';
import type { OverriddenSetting } from '../../protocol/report/report';
import { settingsText, type RunSetting } from '../../protocol/report/run-settings';
import { withSettingsOf } from '../config/edits';
import { nodeAt, rangeOf, topRange, type ConfigText } from '../text/config-text';
import { changedPart } from '../text/json-edits';
import { problem, type Fix, type SeverityWord } from '../text/problem';
import type { LastRun } from './run-state';

/** Settings of a run that its config has not, reported where the config has another value, or else at its top; nothing where there are none. */
export function configSettingsDiagnostics(config: ConfigText, last: LastRun): Diagnostic[] {
  const { settings = [] } = last;
  if (settings.length === 0) return [];
  const node = settings.map(({ path }) => nodeAt(config, path.split('.'))).find((found) => found !== undefined);
  const range = node ? rangeOf(config, node) : topRange(config);
  return [
    problem('result.settings', settingsSeverity(settings), range, settingsText(settings), takeOver(config, last)),
  ];
}

/** A full curve changes no figure but those of the curve; anything else may change the verdict. */
export function settingsSeverity(settings: readonly RunSetting[]): SeverityWord {
  return settings.every(({ path }) => path === 'curve') ? 'information' : 'warning';
}

/** Has the config ask for what was run; not where something differs that no command line sets. */
function takeOver(config: ConfigText, { report, settings = [] }: LastRun): Fix[] {
  if (settings.some(({ option }) => option === null)) return [];
  const text = config.document.getText();
  let edited: string;
  try {
    edited = withSettingsOf(
      text,
      settings.map(({ path }) => path as OverriddenSetting),
      report.provenance.config,
    );
  } catch {
    // Broken at the moment: its own fault is reported.
    return [];
  }
  const { start, end, text: newText } = changedPart(text, edited);
  const [{ path, run }] = settings as [RunSetting, ...RunSetting[]];
  const title =
    settings.length === 1
      ? `Write ${path} ${run} into the config`
      : `Write these ${settings.length} settings into the config`;
  return [{ title, range: rangeOf(config, { offset: start, length: end - start }), newText }];
}
