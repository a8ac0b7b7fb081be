import { mkdtemp, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startEngine } from '../../jobs/engine-process';
import type { OpenConfig } from '../../engine/config/read-config';
import { formerHoldout } from '../../engine/report/consistency/settings';
import { serialiseReport } from '../../engine/report/json/serialise';
import { differences } from '../../engine/report/check/staleness';
import type { RunOutcome } from '../../protocol/messages/engine';
import type { DefenseReport, Rate } from '../../protocol/report/report';
import type { CheckResult } from '../../protocol/report/review';
import { failure, hold, pass, warn, type CheckContext, type Target } from './context';

/** How far a second training on another engine may end from the first: shares, absolute. */
export const REPRODUCED = { accuracy: 0.005, attackSuccess: 0.05 } as const;

/**
 * Runs the defense again, into a temporary folder, and compares the report that comes out. The committed files are only read.
 * @param text the committed report
 * @throws FinePruneError of kind `engine` or `cancelled`
 */
export async function reproducedResults(
  target: Target,
  report: DefenseReport,
  text: string,
  opened: OpenConfig,
  context: CheckContext,
): Promise<{ results: CheckResult[]; done: boolean }> {
  const out = await mkdtemp(path.join(await realpath(os.tmpdir()), 'fine-prune-check-'));
  try {
    const outcome = await context.cancellable((signal) => runAgain(target, report, opened, context, out, signal));
    return { results: compareReproduced(report, text, outcome.report), done: true };
  } catch (error) {
    return { results: [failure('reproduce.impossible', 'The defense could not be run again', error)], done: false };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** With the command line that the report tells of: the engine that computed it, if it is here. */
function runAgain(
  target: Target,
  report: DefenseReport,
  opened: OpenConfig,
  context: CheckContext,
  out: string,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const { provenance } = report;
  const { config } = provenance;
  const holdout = formerHoldout(report);
  const fineTuneImages =
    config.data.fineTuneImages !== opened.config.data.fineTuneImages ? config.data.fineTuneImages : null;
  const backend = context.backend === 'auto' && provenance.backend === 'wasm' ? 'wasm' : context.backend;
  const overrides = {
    backend,
    seed: config.seed,
    threads: config.threads,
    curve: config.curve,
    ...(config.strategy !== opened.config.strategy && { strategy: config.strategy ?? ('fine-pruning' as const) }),
    ...(fineTuneImages !== null && { fineTuneImages }),
    ...(holdout !== null && { holdout }),
  };
  return startEngine(
    { config: opened.file, out, root: target.allowed.root, allowedFolders: [...target.allowed.folders], overrides },
    { onEvent: context.onEvent, signal, startedFrom: 'a check' },
  );
}

/** The committed report against the one that a second run wrote. */
export function compareReproduced(report: DefenseReport, text: string, again: DefenseReport): CheckResult[] {
  // The engine's name is asked for here and not there, perhaps the number of held-out images, and by now the config may have what the
  // command line gave then; the rest of the recorded config says what was run.
  const { configHash, overridden, config } = report.provenance;
  const ran = again.provenance.config;
  const data = formerHoldout(report) === null ? ran.data : { ...ran.data, holdout: config.data.holdout };
  const asAsked: DefenseReport = {
    ...again,
    provenance: { ...again.provenance, configHash, config: { ...ran, backend: config.backend, data } },
  };
  if (overridden) asAsked.provenance.overridden = overridden;
  else delete asAsked.provenance.overridden;
  const [told, here] = [serialiseReport(report), serialiseReport(asAsked)];
  if (told === here)
    return [
      pass(
        'reproduce.identical',
        `A second run gives the same report${told === text ? ', byte for byte' : ', except for whitespace'}, and a defended model with the same hashes.`,
      ),
    ];
  const units = report.pruning.units.join() === again.pruning.units.join() && report.layer.name === again.layer.name;
  return [
    engineResult(report, asAsked),
    hold(
      'reproduce.units',
      units,
      {
        good: `A second run prunes the same ${again.pruning.count} units.`,
        bad: `A second run prunes different units: ${again.pruning.units.slice(0, 10).join(', ')} … of ${again.layer.name}; in the report, ${report.pruning.units.slice(0, 10).join(', ')} … of ${report.layer.name}.`,
      },
      '/pruning/units',
    ),
    ...(['before', 'pruned', 'after'] as const).flatMap((stage) => [
      figure(
        'clean accuracy',
        stage,
        report.stages[stage].cleanAccuracy,
        again.stages[stage].cleanAccuracy,
        REPRODUCED.accuracy,
        false,
      ),
      figure(
        'ASR',
        stage,
        report.stages[stage].attackSuccessRate,
        again.stages[stage].attackSuccessRate,
        REPRODUCED.attackSuccess,
        true,
      ),
    ]),
  ];
}

/** On an engine of the same kind a report must come out the same; elsewhere only its figures can. */
function engineResult(report: DefenseReport, again: DefenseReport): CheckResult {
  const [told, here] = [report.provenance, again.provenance];
  const other = differences({ ...told, config: null, configHash: null }, { ...here, config: null, configHash: null });
  if (other.length) {
    return warn(
      'reproduce.engine',
      `The second run was made by ${here.tool} on ${here.backend === 'native' ? 'the native engine' : 'WASM'}, ${here.engine}; the report differs in ${other.join(', ')}, so figures are compared with a tolerance.`,
      '/provenance',
    );
  }
  const fields = differences(report, again);
  return warn(
    'reproduce.differs',
    `A second run on an engine of the same kind gives a different report, in ${fields.slice(0, 5).join(', ')}${fields.length > 5 ? ` and ${fields.length - 5} more places` : ''}; it should be identical, byte for byte.`,
  );
}

function figure(
  title: string,
  stage: 'before' | 'pruned' | 'after',
  told: Rate | null,
  here: Rate | null,
  tolerance: number,
  overlap: boolean,
): CheckResult {
  const close =
    told === null || here === null
      ? told === here
      : told.of === here.of &&
        (Math.abs(told.rate - here.rate) <= tolerance + 1e-9 ||
          (overlap && told.low <= here.high && here.low <= told.high));
  const words = (rate: Rate | null): string => (rate === null ? 'nothing' : `${rate.hits} of ${rate.of}`);
  const name = { before: 'before', pruned: 'after pruning', after: 'after fine-tuning' }[stage];
  return hold(
    'reproduce.figure',
    close,
    {
      good: `The ${title} ${name} of a second run, ${words(here)}, is within the tolerance of ${tolerance * 100} points${overlap ? ' or of overlapping 95 % intervals' : ''} of the report's ${words(told)}.`,
      bad: `The ${title} ${name} is ${words(here)} in a second run and ${words(told)} in the report: more than ${tolerance * 100} points apart${overlap ? ', and their 95 % intervals do not overlap' : ''}.`,
    },
    `/stages/${stage}/${title === 'ASR' ? 'attackSuccessRate' : 'cleanAccuracy'}`,
  );
}
