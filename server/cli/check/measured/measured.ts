import { stageOf } from '../../../protocol/report/confusion';
import { stat } from 'node:fs/promises';
import type { OpenConfig } from '../../../engine/config/read-config';
import { formerHoldout } from '../../../engine/report/consistency/settings';
import { startMeasure } from '../../../jobs/engine-process';
import type { MeasureOutcome, MeasureRequest } from '../../../protocol/messages/engine';
import type { DefenseReport } from '../../../protocol/report/report';
import type { CheckResult } from '../../../protocol/report/review';
import { inversionOf } from '../../../protocol/report/scan';
import { fail, failure, pass, type CheckContext, type Target } from '../context';
import { defendedPath } from '../integrity/hashes';
import { activationResult, curveResult, silenceResult } from './layer';
import { searchResults } from './searches';
import { mcnemarResult, stageResults } from './stages';
import { sameModel } from '../../../protocol/model';

/**
 * Measures the committed models again, without training, and holds every figure of the report against what comes out. The searches that
 * the report has are made again, too.
 * @param scan whether the input model is to be scanned although the report has no scan
 * @returns what was measured, null when it could not be
 * @throws FinePruneError of kind `engine` or `cancelled`
 */
export async function measuredResults(
  target: Target,
  report: DefenseReport,
  opened: OpenConfig,
  context: CheckContext,
  scan: boolean,
): Promise<{ results: CheckResult[]; measured: MeasureOutcome | null }> {
  try {
    const defended = report.model.after ? await defendedPath(target, report) : null;
    if (defended !== null && !(await stat(defended).catch(() => null))?.isFile()) {
      return {
        results: [
          fail(
            'measure.impossible',
            `The defended model ${report.model.after!.path} is missing: commit it so that it can be measured.`,
            '/model/after/path',
          ),
        ],
        measured: null,
      };
    }
    const { seed, curve, threads, strategy = 'fine-pruning', data } = report.provenance.config;
    const holdout = formerHoldout(report);
    const request: MeasureRequest = {
      config: opened.file,
      root: target.allowed.root,
      allowedFolders: [...target.allowed.folders],
      defended,
      layer: report.layer.name,
      units: report.pruning.units,
      rule: report.pruning.rule,
      ...estimateOf(report),
      searches: {
        scan: scan || report.scan !== undefined,
        proof: report.proof ? { before: report.scan ?? null } : null,
      },
      overrides: {
        seed,
        curve,
        threads,
        strategy,
        fineTuneImages: data.fineTuneImages,
        backend: context.backend,
        ...(holdout !== null && { holdout }),
      },
    };
    const measured = await context.cancellable((signal) => startMeasure(request, { onEvent: context.onEvent, signal }));
    return { results: compareMeasured(report, measured), measured };
  } catch (error) {
    return {
      results: [failure('measure.impossible', 'The models could not be measured again', error)],
      measured: null,
    };
  }
}

/** The trigger that a run estimated, as its report has it; whether a scan gives that one is found out by the scan. */
function estimateOf({ trigger, scan }: DefenseReport): Pick<MeasureRequest, 'estimated'> {
  const estimate = trigger && scan && inversionOf(scan, trigger.target)?.estimate;
  return estimate ? { estimated: { target: trigger.target, trigger: estimate } } : {};
}

/** Every figure of a report against the same figure measured again. */
export function compareMeasured(report: DefenseReport, measured: MeasureOutcome): CheckResult[] {
  return [
    ...(['before', 'pruned', 'after'] as const).flatMap((stage) =>
      stageResults(
        stageOf(report, stage),
        measured.stages[stage] ?? (report.repaired ? null : measured.stages.before),
        stage,
      ),
    ),
    ...(measured.comparison ? [mcnemarResult(report, measured.comparison)] : []),
    ...(measured.silence ? [silenceResult(report, measured.silence)] : []),
    activationResult(report.layer, measured.layer),
    curveResult(report.curve, measured.curve),
    ...searchResults(report, measured.searches),
    ...modelResults(report, measured),
  ];
}

/** The models that were measured must be those that the hashes name, not ones that took their place meanwhile. */
function modelResults({ model }: DefenseReport, { hashes }: MeasureOutcome): CheckResult[] {
  return (['before', 'after'] as const).flatMap((side) => {
    const [told, here] = [model[side], hashes[side]];
    if (!told || !here) return [];
    const same = sameModel(told, here);
    return [
      same
        ? pass(
            'measure.model',
            `The ${side === 'before' ? 'input' : 'defended'} model that was measured is the one in the report.`,
          )
        : fail(
            'measure.model',
            `The ${side === 'before' ? 'input' : 'defended'} model that was measured is not the one in the report.`,
            `/model/${side}`,
          ),
    ];
  });
}
