import type { DefenseReport } from '../../../../protocol/report/report';
import type { ScanReport, ScanResult } from '../../../../protocol/report/scan';
import { judgeMasks } from '../../../detect/neural-cleanse/judge';
import { sparseConfusion } from '../../../metrics/sparse-confusion';
import { checkClassRates, refuseLater, refuseOthers } from './fault';

/**
 * Reports and scans of schema version 1, which Fine-Prune 0.1 wrote, as values of this version. Figures and sentences stay what they were;
 * what has moved is put where it is now. A value of unknown origin that is not of version 1 in some place is left as it is there: the
 * reader refuses it by its shape.
 */

type Fields = Record<string, unknown>;

/** @param report parsed JSON whose `schemaVersion` is 1 @throws FormerFault */
export function upgradeReport(report: object): DefenseReport | Fields {
  refuseLater(report as Fields, '', 'confusion');
  const { scan, proof, stages, layer, ...rest } = report as Fields;
  return {
    ...rest,
    schemaVersion: 2,
    ...upgradeStages(stages),
    layer: upgradeLayer(layer),
    ...(scan !== undefined && { scan: upgradeScan(scan, '/scan') }),
    ...(proof !== undefined && { proof: upgradeProof(proof) }),
  };
}

/** @param report parsed JSON whose `schemaVersion` is 1 @throws FormerFault */
export function upgradeScanReport(report: object): ScanReport | Fields {
  const { scan, ...rest } = report as Fields;
  return { ...rest, schemaVersion: 2, scan: upgradeScan(scan, '/scan') };
}

const STAGES = ['before', 'pruned', 'after'];

/** Version 1 had matrices and rates by class in the stages: up to 100 classes in full, of more as they are now. */
function upgradeStages(stages: unknown): Fields {
  if (!isFields(stages) || !STAGES.every((name) => isFields(stages[name]))) return { stages };
  refuseOthers(stages, '/stages', STAGES);
  const each = (of: (stage: Fields) => unknown): Fields =>
    Object.fromEntries(STAGES.map((name) => [name, of(stages[name] as Fields)]));
  for (const name of STAGES) {
    const stage = stages[name] as Fields;
    // Full matrices that are none are left to the reader.
    if (stage['sparse'] !== undefined || isMatrix(stage['confusion'])) checkClassRates(stage, `/stages/${name}`);
  }
  return {
    stages: each((stage) => without(stage, 'confusion', 'triggeredConfusion', 'perClass', 'sparse')),
    confusion: each(({ confusion, triggeredConfusion, sparse }) =>
      isFields(sparse)
        ? { clean: regrouped(sparse['clean']), triggered: regrouped(sparse['triggered']) }
        : { clean: upgradeMatrix(confusion), triggered: upgradeMatrix(triggeredConfusion) },
    ),
  };
}

function upgradeMatrix(matrix: unknown): unknown {
  return isMatrix(matrix) ? sparseConfusion(matrix) : matrix;
}

const isMatrix = (value: unknown): value is number[][] =>
  Array.isArray(value) &&
  value.every(
    (row: unknown) =>
      Array.isArray(row) && row.length === value.length && row.every((cell: unknown) => typeof cell === 'number'),
  );

/** Cells were triples. */
function regrouped(held: unknown): unknown {
  if (!isFields(held) || !Array.isArray(held['wrong'])) return held;
  const wrong: { label: unknown; as: unknown[] }[] = [];
  for (const cell of held['wrong'] as unknown[]) {
    if (!Array.isArray(cell)) return held;
    const [label, ...rest] = cell as unknown[];
    const last = wrong.at(-1);
    if (last?.label === label) last!.as.push(rest);
    else wrong.push({ label, as: [rest] });
  }
  return { ...held, wrong };
}

/** Means by class stood with each unit, also where all of them are 0. */
function upgradeLayer(layer: unknown): unknown {
  if (!isFields(layer) || !Array.isArray(layer['activations'])) return layer;
  refuseLater(layer, '/layer', 'classMeans');
  const units = layer['activations'] as unknown[];
  if (!units.every(isFields)) return layer;
  return {
    ...layer,
    activations: units.map((unit) => without(unit, 'perClass')),
    classMeans: units.map(({ perClass, cleanMeanAbs }) =>
      cleanMeanAbs === 0 && Array.isArray(perClass) && perClass.every((mean) => mean === 0) ? [] : perClass,
    ),
  };
}

/** Version 1 had one method: its table was the scan. */
function upgradeScan(scan: unknown, pointer: string): unknown {
  if (!isFields(scan)) return scan;
  refuseLater(scan, pointer, 'suspects', 'evidence', 'method');
  const { flagged, classes, limits, medianNorm, batchSize, steps, seeds, ...answer } = scan;
  // Of a model that hardly knew the images nothing was searched.
  if (Array.isArray(classes) && classes.length === 0 && Array.isArray(flagged) && flagged.length === 0)
    return { ...answer, suspects: [], evidence: [] };
  const evidence = { method: 'neural-cleanse', limits, medianNorm, batchSize, steps, seeds, classes };
  return { ...answer, suspects: suspectsOf(evidence, flagged, answer['searched']), evidence: [evidence] };
}

/** The flagged classes in their order, each with the score that its figures have. */
function suspectsOf(evidence: Fields, flagged: unknown, searched: unknown): unknown {
  if (!Array.isArray(flagged)) return flagged;
  const scores = scoresOf(evidence, searched);
  return flagged.map((target: unknown) => ({ target, score: scores.get(target) ?? 0, methods: ['neural-cleanse'] }));
}

function scoresOf(evidence: Fields, searched: unknown): Map<unknown, number> {
  try {
    const { suspects } = judgeMasks(evidence as Parameters<typeof judgeMasks>[0], searched as ScanResult['searched']);
    return new Map(suspects.map(({ target, score }) => [target, score]));
  } catch {
    // No table of masks: the reader says so.
    return new Map();
  }
}

const BASES: Record<string, string> = {
  'known trigger and fresh inversion': 'known trigger and fresh scan',
  'fresh inversion': 'fresh scan',
};

function upgradeProof(proof: unknown): unknown {
  if (!isFields(proof)) return proof;
  const { basis } = proof;
  return {
    ...proof,
    scan: upgradeScan(proof['scan'], '/proof/scan'),
    basis: typeof basis === 'string' && Object.hasOwn(BASES, basis) ? BASES[basis] : basis,
  };
}

const without = (fields: Fields, ...keys: string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([key]) => !keys.includes(key)));

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
