import { formerVersion } from '../../protocol/report/former';
import type { CodeLens } from 'vscode-languageserver-types';
import { COMMANDS } from '../../protocol/messages/lsp';
import { settingsText, withSettings } from '../../protocol/report/run-settings';
import { topRange, type ConfigText } from '../text/config-text';
import type { ConfigFacts } from '../text/facts';
import { resultLine } from '../text/report-text';
import { activeTitle, staleText, type ActiveRun, type LastRun } from '../report/run-state';
import { scanLens } from '../scan/lenses';
import type { LastScan } from '../scan/state';

/** What was done with a config, and what is being done. */
export interface Doings {
  last?: LastRun | undefined;
  active?: ActiveRun | undefined;
  scan?: LastScan | undefined;
  scanning?: ActiveRun | undefined;
}

/** Lenses at the top of a config: run it, look into its model, scan it, and what the last run and scan found. */
export function configLenses(
  config: ConfigText,
  facts: ConfigFacts,
  { last, active, scan, scanning }: Doings,
): CodeLens[] {
  const range = topRange(config);
  const uri = config.document.uri;
  const lenses: CodeLens[] = [
    active
      ? { range, command: { title: activeTitle(active), command: '' } }
      : {
          range,
          command: {
            title: '▶ Fine-Prune',
            tooltip: 'Measure the model, prune it, fine-tune it, measure it again',
            command: COMMANDS.run,
            arguments: [uri],
          },
        },
  ];
  if (canInspect(facts)) {
    lenses.push({
      range,
      command: {
        title: 'Inspect Activations',
        tooltip: 'See what each unit does on clean and on triggered inputs; nothing is trained or written',
        command: COMMANDS.inspect,
        arguments: [uri],
      },
    });
    lenses.push(scanLens(range, uri, scan, scanning));
  }
  if (last)
    lenses.push({
      range,
      command: {
        title: lastTitle(last),
        tooltip: lastTooltip(last),
        command: COMMANDS.openReport,
        arguments: [last.reportUri],
      },
    });
  return lenses;
}

/** A model that is missing or cannot be defended cannot be looked into either; one that is still being read gets the benefit of the doubt. */
function canInspect({ model }: ConfigFacts): boolean {
  return !model || (model.state === 'ok' && !model.summary.problem);
}

/** Title of the lens that opens the last report. */
export function lastTitle({ report, changed, settings = [] }: LastRun): string {
  const result = resultLine(report, withSettings(settings));
  if (changed.length === 0) return result;
  const former = formerVersion(report);
  return `${result} (${former ? `version ${former}: run again` : `stale: ${changed.join(', ')} changed`})`;
}

/** What the lens adds when it is hovered. */
export function lastTooltip({ report, reportUri, changed, settings = [] }: LastRun): string {
  if (changed.length) return staleText(changed, report, reportUri);
  return settings.length ? `${report.verdict.sentence} ${settingsText(settings)}` : report.verdict.sentence;
}
