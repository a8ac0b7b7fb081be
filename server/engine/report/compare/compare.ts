import { inversionOf } from '../../../protocol/report/scan';
import { classesOf } from '../../../protocol/report/confusion';
import type { DefenseReport, Finding, Rate } from '../../../protocol/report/report';
import type { FigureChange, GateChange, ReportComparison } from '../../../protocol/report/comparison';
import { canonicalJson } from '../../files/hash';
import { fisherExact } from '../../metrics/fisher';
import { roundShare } from '../../metrics/rate';
import { figuresOf } from '../review/figures-of';
import { scanChanges } from './scan';
import { direction, sentence } from './words';
import { dataFiles } from '../consistency/settings';
import { differences } from '../check/staleness';

/** Below this a difference is taken to be more than noise. */
export const SIGNIFICANT = 0.05;

const FIGURES = ['cleanAccuracy', 'attackSuccessRate', 'robustAccuracy'] as const;

/**
 * What changed from one report to another. Figures are compared by Fisher's exact test (two-sided) on their counts,
 * where both were counted on the same images with the same trigger; a p-value below 0.05 counts as more than noise. The test takes
 * the two for independent samples although they are of the same images, whose outcomes mostly agree, so it errs on the side of
 * `noise`. It knows nothing of how much figures vary from seed to seed.
 *
 * @param base null when the report is new
 * @param head null when the report was deleted; not both null
 */
export function compareReports(base: DefenseReport | null, head: DefenseReport | null): ReportComparison {
  const comparable = base && head ? obstacles(base, head) : { clean: [], triggered: [] };
  const figures = (['after', 'before'] as const).flatMap((stage) =>
    FIGURES.map((figure) => {
      const same = comparable.clean.length === 0 && (figure === 'cleanAccuracy' || comparable.triggered.length === 0);
      return figureChange(
        figure,
        stage,
        base?.stages[stage][figure] ?? null,
        head?.stages[stage][figure] ?? null,
        same,
      );
    }),
  );
  const scans = scanChanges(base, head);
  const partial: Omit<ReportComparison, 'sentence' | 'direction'> = {
    base,
    head,
    caveats: [...comparable.clean, ...comparable.triggered],
    figures,
    gates: gateChanges(base, head),
    findings: findingChanges(base, head),
    units: unitChanges(base, head),
    settings: base && head ? settingChanges(base, head) : [],
    ...(scans && { scans }),
  };
  return { ...partial, direction: direction(partial), sentence: sentence(partial) };
}

/** Why the clean figures, and beyond that the triggered ones, were not counted on the same inputs. */
function obstacles(base: DefenseReport, head: DefenseReport): { clean: string[]; triggered: string[] } {
  const differ = (of: (report: DefenseReport) => unknown): boolean =>
    canonicalJson(of(base) ?? null) !== canonicalJson(of(head) ?? null);
  const clean: string[] = [];
  if (differ((r) => testFiles(r, 'test')))
    clean.push('The test files differ, so all figures are for different images.');
  else if (base.data.test.images !== head.data.test.images)
    clean.push(`One is measured on ${base.data.test.images} test images, the other on ${head.data.test.images}.`);
  else if (base.data.test.images < base.data.test.available && differ((r) => r.provenance.config.seed))
    clean.push('Each is measured on its own subset of the test images, because the seeds differ.');
  if (classesOf(base) !== classesOf(head))
    clean.push(`The models have ${classesOf(base)} and ${classesOf(head)} classes.`);

  const triggered: string[] = [];
  if (!base.trigger || !head.trigger) {
    if (base.trigger || head.trigger)
      triggered.push("Only one of them has a trigger, so ASR and robust accuracy can't be compared.");
  } else if (base.trigger.target !== head.trigger.target) {
    triggered.push(
      `The trigger's target is class ${base.trigger.target} in one and class ${head.trigger.target} in the other.`,
    );
  } else if (
    differ((r) => [r.trigger?.kind, r.trigger?.source, r.provenance.config.trigger]) ||
    differ((r) => testFiles(r, 'trigger'))
  ) {
    triggered.push('The triggers differ, so ASR and robust accuracy are for different attacks.');
  } else if (
    base.trigger.source === 'estimated' &&
    differ((r) => r.scan && r.trigger && inversionOf(r.scan, r.trigger.target)?.estimate)
  ) {
    triggered.push('Each estimated its own trigger, so ASR and robust accuracy are for different triggers.');
  }
  return { clean, triggered };
}

/** Hashes of the files that hold the test images, or the trigger: names may differ. */
function testFiles({ data, provenance }: DefenseReport, which: 'test' | 'trigger'): string[] {
  const wanted = dataFiles(provenance.config).filter(({ role }) => role === which);
  return wanted.map((file) => data.files.find(({ path }) => path === file.path)?.sha256 ?? file.path);
}

function figureChange(
  figure: FigureChange['figure'],
  stage: FigureChange['stage'],
  base: Rate | null,
  head: Rate | null,
  comparable: boolean,
): FigureChange {
  if (!base || !head) return { figure, stage, base, head, delta: null, pValue: null, change: 'unknown' };
  const delta = roundShare(head.rate - base.rate);
  if (!comparable) return { figure, stage, base, head, delta, pValue: null, change: 'unknown' };
  const pValue = fisherExact(base.hits, base.of, head.hits, head.of);
  return { figure, stage, base, head, delta, pValue, change: changeOf(figure, base, head, pValue) };
}

function changeOf(figure: FigureChange['figure'], base: Rate, head: Rate, pValue: number): FigureChange['change'] {
  if (base.hits === head.hits && base.of === head.of) return 'same';
  if (pValue >= SIGNIFICANT) return 'noise';
  return head.rate > base.rate === (figure !== 'attackSuccessRate') ? 'better' : 'worse';
}

function gateChanges(base: DefenseReport | null, head: DefenseReport | null): GateChange[] {
  return (['maxAttackSuccessRate', 'maxAccuracyDrop'] as const).flatMap((id) => {
    const [b, h] = [base, head].map((report) => report?.gates.find((gate) => gate.id === id) ?? null);
    if (!b && !h) return [];
    const limit = !b
      ? 'added'
      : !h
        ? 'removed'
        : h.limit > b.limit
          ? 'loosened'
          : h.limit < b.limit
            ? 'tightened'
            : 'same';
    return [{ id, base: b ?? null, head: h ?? null, limit: limit as GateChange['limit'] }];
  });
}

function findingChanges(base: DefenseReport | null, head: DefenseReport | null): ReportComparison['findings'] {
  const left = [...(base?.findings ?? [])];
  const now = (head?.findings ?? []).map((finding): ReportComparison['findings'][number] => {
    // An id may stand twice: the same sentence goes first.
    const exact = left.findIndex(({ id, message }) => id === finding.id && message === finding.message);
    const at = exact >= 0 ? exact : left.findIndex(({ id }) => id === finding.id);
    const [before] = at >= 0 ? left.splice(at, 1) : [];
    return {
      id: finding.id,
      change: !before ? 'added' : isSame(before, finding) ? 'kept' : 'reworded',
      base: before?.message ?? null,
      head: finding.message,
    };
  });
  return [...now, ...left.map(({ id, message }) => ({ id, change: 'removed' as const, base: message, head: null }))];
}

/** Whether two findings of an id have the same figures, in whatever words their versions say it. */
function isSame(base: Finding, head: Finding): boolean {
  return base.message === head.message || figuresOf(base.message).join() === figuresOf(head.message).join();
}

function unitChanges(base: DefenseReport | null, head: DefenseReport | null): ReportComparison['units'] {
  const layer = { base: base?.layer.name ?? null, head: head?.layer.name ?? null };
  const ascending = (units: readonly number[]): number[] => [...units].sort((a, b) => a - b);
  const [b, h] = [base, head].map((report) => ascending(report?.pruning.units ?? [])) as [number[], number[]];
  // Indices of two layers have nothing in common.
  if (layer.base !== layer.head) return { layer, both: [], onlyBase: b, onlyHead: h };
  const [inBase, inHead] = [new Set(b), new Set(h)];
  return {
    layer,
    both: b.filter((u) => inHead.has(u)),
    onlyBase: b.filter((u) => !inHead.has(u)),
    onlyHead: h.filter((u) => !inBase.has(u)),
  };
}

/** Settings by their path in the config; then what was read, by its hash, and what computed. */
function settingChanges(base: DefenseReport, head: DefenseReport): ReportComparison['settings'] {
  const changes = (a: object, b: object): ReportComparison['settings'] =>
    differences(a, b).map((path) => ({ path, base: valueAt(a, path), head: valueAt(b, path) }));
  return [
    ...changes(base.provenance.config, head.provenance.config),
    ...fileChanges(base, head),
    ...changes(restOf(base), restOf(head)),
  ];
}

function fileChanges(base: DefenseReport, head: DefenseReport): ReportComparison['settings'] {
  const hashes = [base, head].map(({ data }) => new Map(data.files.map(({ path, sha256 }) => [path, sha256]))) as [
    Map<string, string>,
    Map<string, string>,
  ];
  return [...new Set([...hashes[0].keys(), ...hashes[1].keys()])]
    .map((file) => ({
      path: `data file ${file}`,
      base: hashes[0].get(file) ?? null,
      head: hashes[1].get(file) ?? null,
    }))
    .filter((change) => change.base !== change.head);
}

function restOf({ model, provenance, layer, attempts }: DefenseReport): object {
  const kept = attempts?.find((attempt) => attempt.chosen)?.strategy;
  const { tool, backend, engine, threads, oneDnn, cpuFeatures } = provenance;
  return {
    'input model': { topology: model.before.topology, weights: model.before.weights },
    'defended model': { weights: model.after?.weights ?? null, ...(kept && { strategy: kept }) },
    'analysed layer': { name: layer.name, units: layer.units },
    run: { tool, backend, engine, threads, oneDnn, cpuFeatures },
  };
}

/** Value at a path of `differences`; null where there is none, as JSON has it. */
function valueAt(value: unknown, path: string): unknown {
  let inner = value;
  for (const key of path.split('.')) inner = (inner as Record<string, unknown> | null | undefined)?.[key];
  return inner ?? null;
}
