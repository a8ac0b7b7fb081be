import type { Diagnostic } from 'vscode-languageserver-types';
import type { Failure } from '../../protocol/errors';
import { valueChecks } from './checks';
import { textFaultDiagnostics, tellsAll, type TextFault } from './faults';
import { fileChecks } from './file-checks';
import { namedFiles, nodeAtPointer, rangeOf, topRange, type ConfigText } from '../text/config-text';
import type { ConfigFacts, FailedRun } from '../text/facts';
import { namingFile } from '../text/failure-text';
import { problem, SEVERITY } from '../text/problem';
import { CONFIG_FILE } from '../../protocol/files';

/**
 * Everything that is wrong with a config, one diagnostic a fault, in the order of the text.
 * @param faults those of the text alone
 * @param failed the last run, if it failed; not reported when a fault is known at its place
 */
export function configDiagnostics(
  config: ConfigText,
  faults: readonly TextFault[],
  facts: ConfigFacts,
  failed?: FailedRun,
): Diagnostic[] {
  const told = textFaultDiagnostics(config, faults);
  if (!tellsAll(faults)) {
    for (const found of [...fileChecks(config, facts), ...valueChecks(config, facts)]) add(config, told, found);
  }
  if (failed) add(config, told, failureDiagnostic(config, failed));
  return told.sort(
    (a, b) => a.range.start.line - b.range.start.line || a.range.start.character - b.range.start.character,
  );
}

// What overlaps a fault that is reported already, and is no more serious, is the same fault seen in another way.
function add(config: ConfigText, told: Diagnostic[], found: Diagnostic): void {
  const [start, end] = offsets(config, found);
  const covered = told.some((known) => {
    const [from, to] = offsets(config, known);
    return from < end && to > start && (known.severity ?? SEVERITY.error) <= (found.severity ?? SEVERITY.error);
  });
  if (!covered) told.push(found);
}

function offsets(config: ConfigText, { range }: Diagnostic): [number, number] {
  return [config.document.offsetAt(range.start), config.document.offsetAt(range.end)];
}

/** The one diagnostic of a failed run, at the place that the failure names. */
function failureDiagnostic(config: ConfigText, { failure, writtenPath }: FailedRun): Diagnostic {
  return problem(
    failure.code,
    'error',
    failureRange(config, failure, writtenPath),
    failureText(failure, writtenPath !== undefined),
  );
}

function failureRange(config: ConfigText, failure: Failure, writtenPath: string | undefined) {
  const file = namedFiles(config).find(({ value }) => value === writtenPath);
  if (file) return rangeOf(config, file.node);
  const pointer = pointerIn(failure);
  const node = pointer === undefined ? undefined : nodeAtPointer(config, pointer);
  if (node && node !== config.root) return rangeOf(config, node);
  const model = namedFiles(config).find(({ kind }) => kind === 'model');
  return model ? rangeOf(config, model.node) : topRange(config);
}

// The engine writes `/trigger/target, line 7:15`.
function pointerIn({ place }: Failure): string | undefined {
  return place?.startsWith('/') ? place.replace(/, line \d+:\d+$/, '') : undefined;
}

/** Sentence, place inside a file that is not the config, next step; the file is named unless its path stands right there. */
function failureText(failure: Failure, isAtFile: boolean): string {
  const { place, todo } = failure;
  const inConfig = place?.startsWith('/') === true || place?.startsWith('line ') === true;
  const isOwnFile = failure.file !== undefined && CONFIG_FILE.is(failure.file);
  const sentence = isAtFile || isOwnFile ? failure.message : namingFile(failure);
  return [place && !inConfig ? `${sentence} (${place})` : sentence, todo].filter(Boolean).join(' ');
}
