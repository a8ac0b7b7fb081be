import Ajv, { type ValidateFunction } from 'ajv';
import schema from '../../../../schemas/scan-report.schema.json';
import { badInput } from '../../../protocol/errors';
import { kindOfJson } from '../../files/kind-of-json';
import { kindWords } from '../../files/kinds';
import type { ScanReport } from '../../../protocol/report/scan';
import { TOOL } from '../../process/version';
import { count, firstRefused, MOST_CLASSES, type BoundFault } from '../bounds/bound-checks';
import { tellOf } from '../consistency/consistency';
import { scanContradictions } from '../consistency/scan';
import { placeWords } from './places';
import { schemaWords } from './read-report';
import { checkScan } from '../bounds/scan-bounds';
import { parseStrictJson, placeIn, type JsonKind } from './strict-json';
import { SCAN_FILE } from '../../../protocol/files';

const TODO = 'Scan the model again.';
const SCAN: JsonKind = { code: 'scan', noun: 'scan for backdoors', todo: TODO, maxBytes: SCAN_FILE.mostBytes };

let validate: ValidateFunction | undefined;

/**
 * Reads the text of `<name>.scan.json`, of whatever origin. What it returns has the shape of the type, figures that are possible one
 * by one and follow from each other, and estimates with as many bytes as the model's images need.
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
  if (version !== 1) {
    const shown = String(JSON.stringify(version)).slice(0, 40);
    refuse(
      'version',
      `This scan has schemaVersion ${shown}; this version of Fine-Prune reads 1.`,
      '/schemaVersion',
      'Use the version of Fine-Prune that wrote it, or scan the model again.',
    );
  }
  validate ??= new Ajv({ strict: false }).compile(schema);
  if (!validate(value)) refuse('schema', schemaWords(validate.errors![0]!), validate.errors![0]!.instancePath);
  const report = value as ScanReport;
  const fault = firstOutOfBounds(report);
  if (fault) refuse('figure', fault.message, fault.pointer);
  // Whoever reads the word, the sentence or one figure alone must not be told another thing than the rest tells.
  scanContradictions(
    report.scan,
    '/scan',
    report.provenance.tool === TOOL,
    tellOf(
      (_id, pointer, message) => refuse('contradiction', message, pointer),
      () => undefined,
    ),
  );
  return report;
}

function firstOutOfBounds({ scan, model, provenance }: ScanReport): BoundFault | null {
  return firstRefused(() => {
    count(model.classes, '/model/classes', MOST_CLASSES, 1);
    model.shape.forEach((size, at) => count(size, `/model/shape/${at}`));
    count(provenance.threads, '/provenance/threads', 4096, 1);
    checkScan(scan, '/scan', { ...model, partial: true });
  });
}
