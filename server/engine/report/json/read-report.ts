import { badInput } from '../../../protocol/errors';
import { pointerOf } from '../../../protocol/shape/pointer';
import { faultSentence, firstFault } from '../../../protocol/shape/shape-fault';
import { kindOfJson } from '../../files/kind-of-json';
import { kindWords } from '../../files/kinds';
import { DefenseReport } from '../../../protocol/report/report';
import { placeWords } from './places';
import { parseStrictJson, placeIn, type JsonKind } from './strict-json';
import { toolFault } from './tool-fault';
import { former } from './version-1/fault';
import { formerVersion } from '../../../protocol/report/former';
import { upgradeReport } from './version-1/upgrade';
import { REPORT_FILE } from '../../../protocol/files';

export { consistencyProblems, type ConsistencyProblem } from '../consistency/consistency';

const TODO = `Use a \`${REPORT_FILE.form}\` written by \`fine-prune run\`, or run the defense again.`;
const REPORT: JsonKind = { code: 'report', noun: 'defense report', todo: TODO, maxBytes: REPORT_FILE.mostBytes };

/**
 * Reads the text of a defense report, of whatever origin. What it returns has the shape of the type and figures that are possible
 * one by one: shares in [0, 1], counts that are whole, lists and matrices of the right length, indices in range. Whether they
 * agree with each other is `consistencyProblems`' question. A report of version 1 is read as one of this version.
 *
 * @param file for messages; nothing is read
 * @throws FinePruneError of kind `input`, its place a JSON pointer with line and column: `report.tooLarge`, `.empty`, `.syntax`,
 *   `.tooDeep`, `.duplicateKey`, `.number`, `.notAReport`, `.version`, `.schema`, `.figure`
 */
export function readReport(text: string, file: string): DefenseReport {
  const value = parseStrictJson(text, file, REPORT);
  const refuse = (word: string, message: string, pointer: string, todo = TODO): never => {
    throw badInput(`report.${word}`, message, { file, place: placeWords(text, pointer, placeIn(text, pointer)), todo });
  };
  const other = kindOfJson(value);
  if (other && other.kind !== 'defense-report')
    refuse('notAReport', `This file ${kindWords(other)}, not a defense report.`, '');
  const version = versionOf(value);
  if (version === undefined) refuse('notAReport', 'This JSON is not a defense report: it has no `schemaVersion`.', '');
  if (version !== 1 && version !== 2) {
    const shown = String(JSON.stringify(version)).slice(0, 40);
    refuse(
      'version',
      `This report has schemaVersion ${shown}; this version of Fine-Prune reads 1 and 2.`,
      '/schemaVersion',
      'Use the version of Fine-Prune that wrote it, or run the defense again.',
    );
  }
  const report = version === 1 ? former(() => upgradeReport(value as object), refuse) : value;
  const fault = firstFault(DefenseReport, report);
  if (fault) refuse(fault.kind, faultSentence(fault), pointerOf(fault.path));
  const read = report as DefenseReport;
  // The tool says in which format a report was: one that names another would be judged by the rules of another.
  if ((formerVersion(read) !== null) !== (version === 1))
    refuse('figure', toolFault(version as 1 | 2), '/provenance/tool');
  return read;
}

function versionOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { schemaVersion?: unknown }).schemaVersion : undefined;
}
