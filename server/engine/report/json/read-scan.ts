import { badInput } from '../../../protocol/errors';
import { pointerOf } from '../../../protocol/shape/pointer';
import { faultSentence, firstFault } from '../../../protocol/shape/shape-fault';
import { kindOfJson } from '../../files/kind-of-json';
import { kindWords } from '../../files/kinds';
import { ScanReport } from '../../../protocol/report/scan';
import { formerVersion } from '../../../protocol/report/former';
import { tellOf } from '../consistency/consistency';
import { scanContradictions } from '../consistency/scan';
import { placeWords } from './places';
import { parseStrictJson, placeIn, type JsonKind } from './strict-json';
import { toolFault } from './tool-fault';
import { former } from './version-1/fault';
import { upgradeScanReport } from './version-1/upgrade';
import { SCAN_FILE } from '../../../protocol/files';

const TODO = 'Scan the model again.';
const SCAN: JsonKind = { code: 'scan', noun: 'scan for backdoors', todo: TODO, maxBytes: SCAN_FILE.mostBytes };

/**
 * Reads the text of `<name>.scan.json`, of whatever origin. What it returns has the shape of the type, figures that are possible one
 * by one and follow from each other, and estimates with as many bytes as the model's images need. A scan of version 1 is read as one of this version.
 *
 * @param file for messages; nothing is read
 * @throws FinePruneError of kind `input`, its place a JSON pointer with line and column: `scan.tooLarge`, `.empty`, `.syntax`,
 *   `.tooDeep`, `.duplicateKey`, `.number`, `.notAScan`, `.version`, `.schema`, `.figure`, `.contradiction`
 */
export function readScan(text: string, file: string): ScanReport {
  const value = parseStrictJson(text, file, SCAN);
  const refuse = (word: string, message: string, pointer: string, todo = TODO): never => {
    throw badInput(`scan.${word}`, message, { file, place: placeWords(text, pointer, placeIn(text, pointer)), todo });
  };
  const other = kindOfJson(value);
  if (other && other.kind !== 'scan-result')
    refuse(
      'notAScan',
      `This file ${kindWords(other)}, not a scan for backdoors.`,
      '',
      `Name a \`${SCAN_FILE.form}\` as a scan wrote it.`,
    );
  const { schemaVersion: version, scan } = (typeof value === 'object' && value !== null ? value : {}) as {
    schemaVersion?: unknown;
    scan?: unknown;
  };
  if (version === undefined || scan === undefined)
    refuse(
      'notAScan',
      'This JSON is not a scan for backdoors: it has no `schemaVersion` or no `scan`.',
      '',
      `Name a \`${SCAN_FILE.form}\` as a scan wrote it.`,
    );
  if (version !== 1 && version !== 2) {
    const shown = String(JSON.stringify(version)).slice(0, 40);
    refuse(
      'version',
      `This scan has schemaVersion ${shown}; this version of Fine-Prune reads 1 and 2.`,
      '/schemaVersion',
      'Use the version of Fine-Prune that wrote it, or scan the model again.',
    );
  }
  const upgraded = version === 1 ? former(() => upgradeScanReport(value as object), refuse) : value;
  const fault = firstFault(ScanReport, upgraded);
  if (fault) refuse(fault.kind, faultSentence(fault), pointerOf(fault.path));
  const report = upgraded as ScanReport;
  if ((formerVersion(report) !== null) !== (version === 1))
    refuse('figure', toolFault(version as 1 | 2), '/provenance/tool');
  // Whoever reads the word, the sentence or one figure alone must not read another thing than the rest says.
  scanContradictions(
    report.scan,
    '/scan',
    version === 2,
    tellOf(
      (_id, pointer, message) => refuse('contradiction', message, pointer),
      () => undefined,
    ),
  );
  if (version === 2 && !report.scan.cleanAccuracy)
    refuse('contradiction', '`/scan/cleanAccuracy` is missing, but every scan has it.', '/scan');
  return report;
}
