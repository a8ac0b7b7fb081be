import type { Diagnostic, DiagnosticRelatedInformation, Range } from 'vscode-languageserver-types';
import { formerText, formerVersion } from '../../protocol/report/former';
import type { Failure } from '../../protocol/errors';
import {
  suspectedClasses,
  inversions,
  isNeuralCleanse,
  inversionOf,
  type ScanReport,
  type ScanResult,
} from '../../protocol/report/scan';
import { nodeAt, nodeAtPointer, numberAt, rangeOf, topRange, type ConfigText } from '../text/config-text';
import { layerRange, modelTop, type ModelText } from '../model/text';
import { problem } from '../text/problem';
import { adviceDiagnostics, configAdvice, NOT_MEASURABLE } from './advice';
import { classLine, scanSentence } from './text';
import { scanRenewal, staleScanText, stillHolds, type LastScan } from './state';

export const SUSPICIOUS = 'scan.suspicious';

/** Flagged classes that a diagnostic leads to; the result has them all. */
const MOST_RELATED = 8;

/** What a scan says about a model, at the layer whose units are the classes. A stale scan, and one that found nothing, says nothing here. */
export function scanModelDiagnostics(text: ModelText, classifier: string | null, scan: LastScan): Diagnostic[] {
  const top = modelTop(text.document);
  return [
    ...suspicious(scan, classifier === null ? top : layerRange(text, classifier)),
    ...adviceDiagnostics(scan.report.scan, scan.changed, () => top),
  ];
}

/** What a scan says about a config's model: at its trigger, since that is what a person does something about. */
export function scanConfigDiagnostics(config: ConfigText, scan: LastScan): Diagnostic[] {
  const node =
    nodeAt(config, ['trigger', 'target']) ?? nodeAt(config, ['trigger', 'kind']) ?? nodeAt(config, ['trigger']);
  return [
    ...suspicious(scan, node ? rangeOf(config, node) : topRange(config), knownTarget(config, scan.report.scan)),
    ...configAdvice(config, scan),
  ];
}

/** Diagnostics in the text of a scan's result: its word, and what has changed since. */
export function scanTextDiagnostics(text: ConfigText, report: ScanReport, changed: readonly string[]): Diagnostic[] {
  const { scan } = report;
  const former = formerVersion(report);
  const formerNote = (): Diagnostic[] => [
    problem(
      'scan.former',
      changed.length > 0 ? 'warning' : 'information',
      lineAt(text, '/provenance/tool'),
      changed.length > 0 ? staleScanText(changed, report) : formerText(former!, scanRenewal(report)),
    ),
  ];
  const stale = changed.map((what) => {
    const pointer = what === 'the model' ? '/model/weights' : what === 'the data' ? '/data/files' : '/data/scale';
    return problem('scan.stale', 'warning', lineAt(text, pointer), staleScanText([what], report));
  });
  const advice = adviceDiagnostics(scan, changed, (code) =>
    lineAt(text, scan.evidence.length === 0 || code === NOT_MEASURABLE ? '/scan/word' : '/scan/advice'),
  );
  return [
    ...(former ? formerNote() : stale),
    ...advice,
    ...(scan.word === 'suspicious' && stillHolds({ changed, report })
      ? [problem(SUSPICIOUS, 'warning', lineAt(text, '/scan/word'), scanSentence(scan))]
      : []),
  ];
}

/** A result that can't be used as one, at the place at fault. */
export function brokenScan(text: ConfigText, { code, message, place, todo }: Failure): Diagnostic {
  const pointer = place?.startsWith('/') ? place.split(',')[0]! : undefined;
  const line = /line (\d+):(\d+)/.exec(place ?? '');
  const range = pointer
    ? lineAt(text, pointer)
    : line
      ? pointRange(text, Number(line[1]) - 1, Number(line[2]) - 1)
      : topRange(text);
  return problem(code, 'error', range, [message, todo].filter(Boolean).join(' '));
}

function suspicious(last: LastScan, range: Range, more = ''): Diagnostic[] {
  const { scan } = last.report;
  if (scan.word !== 'suspicious' || !stillHolds(last)) return [];
  const pointer = `/scan/evidence/${scan.evidence.findIndex(isNeuralCleanse)}/classes`;
  const relatedInformation = suspectedClasses(scan)
    .slice(0, MOST_RELATED)
    .flatMap((target): DiagnosticRelatedInformation[] => {
      const found = inversionOf(scan, target);
      return found
        ? [
            {
              location: { uri: last.uri, range: lineAt(last.text, `${pointer}/${inversions(scan).indexOf(found)}`) },
              message: classLine(found),
            },
          ]
        : [];
    });
  return [{ ...problem(SUSPICIOUS, 'warning', range, `${scanSentence(scan)}${more}`), relatedInformation }];
}

/** How what was found goes with the trigger that is known. */
function knownTarget(config: ConfigText, scan: ScanResult): string {
  const target = numberAt(config, ['trigger', 'target'])?.value;
  if (target === undefined) return '';
  const others = suspectedClasses(scan).filter((one) => one !== target);
  if (others.length === 0) return ' It is the target class of the trigger in this config.';
  return ` The trigger in this config has the target class ${target}, which does not explain class ${others.join(', ')}.`;
}

/** From the key of the value that a pointer names to the end of its line: a value may go over many. */
function lineAt(text: ConfigText, pointer: string): Range {
  const node = nodeAtPointer(text, pointer);
  if (!node || node === text.root) return topRange(text);
  const start = text.document.positionAt(node.parent?.type === 'property' ? node.parent.offset : node.offset);
  const end = text.document.positionAt(node.offset + node.length);
  if (start.line === end.line) return { start, end };
  const [line = ''] = text.document.getText({ start, end: { line: start.line + 1, character: 0 } }).split(/\r?\n/);
  return { start, end: { line: start.line, character: start.character + line.length } };
}

function pointRange({ document }: ConfigText, line: number, character: number): Range {
  const start = document.positionAt(document.offsetAt({ line, character }));
  return { start, end: { line: start.line, character: start.character + 1 } };
}
