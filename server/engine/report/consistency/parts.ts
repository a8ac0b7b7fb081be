import { formerVersion } from '../../../protocol/report/former';
import { classesOf, MOST_FULL_CLASSES, stagesOf } from '../../../protocol/report/confusion';
import type { DefenseReport } from '../../../protocol/report/report';
import { suspectedClasses } from '../../../protocol/report/scan';
import { isWithin, judgeEffect } from '../../defense/effect';
import { needsScan } from '../../detect/needs-scan';
import { countsOfRun, isEnough } from '../../detect/scan-counts';
import { nearChance } from '../../metrics/near-chance';
import { targetsOf } from '../../repair/targets';
import type { Tell } from './consistency';

/** A part that the shape of a report leaves open. */
interface Part {
  id: string;
  pointer: string;
  there: boolean;
  /** Whether a run writes it; null where the report alone does not say. */
  expected: boolean | null;
  /** What follows "there" or "missing" in a sentence. */
  why: string;
}

/**
 * Every part of a report that its shape leaves open, and when a run of this version writes it: one that was cut takes with it what it
 * would speak for or against. Not here are `gates[].excess`, `provenance.overridden` and `untriggered` of a rate, which follow from figures
 * beside them.
 */
export function partProblems(report: DefenseReport, tell: Tell): void {
  // Version 1 had fewer parts, and not all of them in each of its versions.
  if (formerVersion(report) !== null) return;
  for (const { id, pointer, there, expected, why } of [
    ...measuredParts(report),
    ...repairParts(report),
    ...unwritten(report),
  ]) {
    if (expected === null || there === expected) continue;
    tell.problem(
      id,
      pointer,
      `\`${pointer}\` is ${there ? 'there, but no run writes it' : 'missing, but a run writes it'} ${why}.`,
    );
  }
}

/** What stages, scans and curve hold. */
function measuredParts(report: DefenseReport): Part[] {
  const { stages, trigger, scan, proof, curve, layer, provenance } = report;
  const { config } = provenance;
  return [
    ...(['before', 'pruned', 'after'] as const).map((stage) => ({
      id: 'effect',
      pointer: `/stages/${stage}/effect`,
      there: stages[stage].effect !== undefined,
      expected: trigger !== null,
      why: 'where there is a trigger, and only there',
    })),
    {
      id: 'scan',
      pointer: '/scan',
      there: scan !== undefined,
      expected: needsScan(config),
      why: 'where the trigger is to be estimated or the strategy is guided or proved by a scan, and only there',
    },
    ...(scan
      ? [
          {
            id: 'scan',
            pointer: '/scan/cleanAccuracy',
            there: scan.cleanAccuracy !== undefined,
            expected: true,
            why: 'in every scan',
          },
        ]
      : []),
    ...(proof
      ? (['cleanAccuracy', 'advice'] as const).map((key) => ({
          id: 'proof',
          pointer: `/proof/scan/${key}`,
          there: proof.scan[key] !== undefined,
          expected: false,
          why: 'in the scan of a proof, which is measured beside it',
        }))
      : []),
    {
      id: 'curve',
      pointer: '/curve/smallestWithinGate',
      there: curve.smallestWithinGate !== undefined,
      expected: !config.strategy && config.prune.rule === 'triggered-difference' && trigger !== null,
      why: 'for the rule `triggered-difference` with a trigger, and only there',
    },
    ...layer.classMeans.map((means, unit) => ({
      id: 'layer',
      pointer: `/layer/classMeans/${unit}`,
      there: means.length > 0,
      expected: classesOf(report) > MOST_FULL_CLASSES ? false : layer.activations[unit]!.cleanMeanAbs !== 0,
      why: 'for a unit that is not 0 on every clean image, and only there',
    })),
  ];
}

/** What a repair leaves behind. */
function repairParts(report: DefenseReport): Part[] {
  const { attempts = [], proof, scan, trigger, data } = report;
  const targets = scan ? targetsOf(scan, trigger?.target ?? null) : [];
  const suspected = scan ? suspectedClasses(scan) : [];
  return [
    {
      id: 'attempts',
      pointer: '/attempts',
      there: report.attempts !== undefined,
      expected: triesRepairs(report, targets),
      why: 'where a strategy has a repair to try, and only there',
    },
    ...attempts.flatMap(({ missed, heldOut }, at) => [
      {
        id: 'attempts',
        pointer: `/attempts/${at}/missed`,
        there: missed !== undefined,
        expected: true,
        why: 'for every repair',
      },
      ...[
        { key: 'knownTrigger', expected: trigger?.source === 'known' && trigger.kind !== 'samples' } as const,
        { key: 'estimatedTrigger', expected: targets.length > 0 } as const,
        { key: 'freshTrigger', expected: suspected.length > 0 } as const,
      ].map(({ key, expected }) => ({
        id: 'attempts',
        pointer: `/attempts/${at}/heldOut/${key}`,
        there: heldOut[key] !== null,
        expected,
        why: 'where there is such a trigger, and only there',
      })),
    ]),
    {
      id: 'proof',
      pointer: '/proof',
      there: proof !== undefined,
      expected: isProved(report),
      why: 'where a repair has to be proved by a fresh scan, and only there',
    },
    ...(proof
      ? [
          {
            id: 'proof',
            pointer: '/proof/measuredOn',
            there: proof.measuredOn !== undefined,
            // Only where every test image was searched on are held-out ones taken.
            expected: suspected.length > 0 && (data.test.images > proof.scan.images.search || null),
            why: 'where new triggers are measured on test images, and only there',
          },
        ]
      : []),
  ];
}

/** What `defend` finds a repair for. */
function triesRepairs(report: DefenseReport, targets: readonly number[]): boolean {
  const { strategy } = report.provenance.config;
  if (!strategy || nearChance(stagesOf(report).before)) return false;
  return targets.length > 0 || (strategy !== 'auto' && strategy !== 'guided');
}

/** Whether a run looks at its repaired model again: `defend` where it scanned, `provenFinePruning` where the trigger is gone. */
function isProved(report: DefenseReport): boolean {
  const { repaired, trigger, provenance, fineTuning, data } = report;
  const { config } = provenance;
  if (!repaired) return false;
  if (config.strategy) return needsScan(config);
  const { before, after } = stagesOf(report);
  const limit = config.gates.maxAttackSuccessRate;
  const [was, is] = [before, after].map((stage) => judgeEffect(stage, trigger, limit));
  if (!was || !is || isWithin(was) || !isWithin(is)) return false;
  if (needsScan(config)) return true;
  // A layer that can't be trained can't be searched through.
  return fineTuning.frozen.length === 0 && isEnough(countsOfRun(data.fineTune.images, data.holdout.images));
}

/** Parts that the format has room for and no run of this version fills. */
function unwritten({ trigger, model, provenance }: DefenseReport): Part[] {
  const parts: [id: string, pointer: string, there: boolean][] = [
    ['trigger', '/trigger/targets', trigger?.targets !== undefined],
    ['trigger', '/trigger/sources', trigger?.sources !== undefined],
    ['model', '/model/source', model.source !== undefined],
    ['model', '/model/architecture', model.architecture !== undefined],
    ['config', '/provenance/step', provenance.step !== undefined],
  ];
  return parts.map(([id, pointer, there]) => ({ id, pointer, there, expected: false, why: 'in this version' }));
}
