import type { CodeLens, Range } from 'vscode-languageserver-types';
import { COMMANDS } from '../../protocol/messages/lsp';
import type { ScanReport } from '../../protocol/report/scan';
import { topRange, type ConfigText } from '../text/config-text';
import { activeTitle, type ActiveRun } from '../report/run-state';
import { scanLine, scanSentence } from './text';
import { staleScanText, stillHolds, type LastScan } from './state';

export const SCAN_TOOLTIP =
  'Search for the smallest trigger that works for each class. Needs clean images, but no trigger and no labels of an attack; changes nothing';

/**
 * The lens about scans at the top of a config or model: scan it, how far the scan is, or what it found.
 * @param uri of what is scanned
 */
export function scanLens(
  range: Range,
  uri: string,
  last: LastScan | undefined,
  active: ActiveRun | undefined,
): CodeLens {
  if (active) return { range, command: { title: activeTitle(active), command: '' } };
  // Of other images than it was measured on, neither accuracy nor advice says anything; what was found does.
  const shown =
    last &&
    (last.changed.length ? { ...last.report.scan, cleanAccuracy: undefined, advice: undefined } : last.report.scan);
  if (last && shown && stillHolds(last))
    return {
      range,
      command: {
        title: scanLine(shown),
        tooltip: last.changed.length ? staleScanText(last.changed, last.report) : scanSentence(last.report.scan),
        command: COMMANDS.openScan,
        arguments: [last.uri],
      },
    };
  return {
    range,
    command: {
      title: 'Scan for Backdoors',
      tooltip: last ? staleScanText(last.changed, last.report) : SCAN_TOOLTIP,
      command: COMMANDS.scan,
      arguments: [uri],
    },
  };
}

/** Lenses at the top of a scan's result. @param subject URI of the config or model that it is about */
export function scanTextLenses(text: ConfigText, { scan }: ScanReport, subject: string): CodeLens[] {
  const range = topRange(text);
  return [
    ...(scan.word === 'suspicious'
      ? [
          {
            range,
            command: {
              title: 'Repair …',
              tooltip: 'Sets the config so that a run estimates the trigger and tries the repairs',
              command: COMMANDS.repair,
              arguments: [subject],
            },
          },
        ]
      : []),
    { range, command: { title: 'Scan Again', tooltip: SCAN_TOOLTIP, command: COMMANDS.scan, arguments: [subject] } },
  ];
}
