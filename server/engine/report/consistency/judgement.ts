import { stageOf } from '../../../protocol/report/confusion';
import type { DefenseReport, Finding } from '../../../protocol/report/report';
import { canonicalJson } from '../../files/hash';
import { formerVersion } from '../../../protocol/report/former';
import { TOOL } from '../../process/version';
import type { Tell } from './consistency';
import type { Facts } from '../findings/facts';
import { findings } from '../findings/findings';
import { nearChance } from '../../metrics/near-chance';
import { judge, judgeGates } from '../../defense/verdict';

/** Gates, verdict and findings, worked out again from the figures by the code that a run uses. */
export function judgementProblems(report: DefenseReport, tell: Tell): void {
  const { repaired, trigger, provenance } = report;
  // A strategy may also find no repair that does no harm; repair.ts compares that with the attempts.
  const chance = nearChance(stageOf(report, 'before'));
  const { strategy, prune } = provenance.config;
  // Units that a trigger raises can't be known without one.
  const unguided = strategy === undefined && prune.rule === 'triggered-difference' && trigger === null;
  if (!chance && unguided)
    tell.same('repaired', '/repaired', repaired, false, 'without a trigger to order units by, it must be');
  else if (chance || strategy === undefined)
    tell.same('repaired', '/repaired', repaired, !chance, 'given the accuracy of the input model, it must be');
  gateProblems(report, tell);
  // Version 1 had other sentences; figures and words may not differ. Whatever tool a report of this format names, its sentences are ours.
  const sameWords = formerVersion(report) === null;
  if (!sameWords)
    tell.note(
      'tool',
      '/provenance/tool',
      `The report was written by an earlier version than ${TOOL}: its sentences are not compared, only its figures, verdict and findings.`,
    );
  else if (provenance.tool !== TOOL)
    tell.note(
      'tool',
      '/provenance/tool',
      `The report names another version than ${TOOL} as its tool. It is compared in full; a sentence that differs may be that version's: run the defense again to renew it.`,
    );
  const verdict = judge(report, provenance.config.gates);
  tell.same('verdict', '/verdict/word', report.verdict.word, verdict.word, 'the figures give');
  if (sameWords && report.verdict.word === verdict.word)
    tell.same('verdict', '/verdict/sentence', report.verdict.sentence, verdict.sentence, 'the figures give');
  findingProblems(report, sameWords, tell);
}

function gateProblems(report: DefenseReport, tell: Tell): void {
  const { gates, provenance } = report;
  const expected = judgeGates(report, provenance.config.gates);
  tell.same(
    'gates',
    '/gates',
    gates.map((gate) => gate.id).join(', '),
    expected.map((gate) => gate.id).join(', '),
    'the gates are',
  );
  gates.forEach((gate, at) => {
    const wanted = expected.find(({ id }) => id === gate.id);
    if (!wanted) return;
    tell.same('gates', `/gates/${at}/limit`, gate.limit, wanted.limit, 'the config has');
    for (const key of ['measured', 'judged', 'met'] as const)
      tell.same('gates', `/gates/${at}/${key}`, gate[key], wanted[key], 'the figures give');
    tell.same(
      'gates',
      `/gates/${at}/excess`,
      gate.excess?.class ?? null,
      wanted.excess?.class ?? null,
      'the figures give an excess of class',
    );
  });
}

function findingProblems(report: DefenseReport, sameWords: boolean, tell: Tell): void {
  const [likely, ...others] = changedGuesses(report).map((pruningChanged) =>
    difference(report.findings, findings(factsOf(report, pruningChanged)), sameWords),
  );
  const best =
    [likely!, ...others].find(({ missing, extra, order }) => missing.length + extra.length === 0 && !order) ?? likely!;
  if (best !== likely) {
    tell.note(
      'findings',
      '/findings',
      'Not one count changed by pruning, yet no finding says that it changed nothing: individual predictions may have changed places.',
    );
  }
  for (const finding of best.missing) {
    tell.problem(
      'findings',
      '/findings',
      `The finding \`${finding.id}\` follows from the figures but is missing, or is worded differently: ${finding.message}`,
    );
  }
  for (const at of best.extra)
    tell.problem(
      'findings',
      `/findings/${at}`,
      `The finding \`${report.findings[at]!.id}\` does not follow from the figures with this wording.`,
    );
  if (best.order) tell.problem('findings', '/findings', 'The findings are not in order, most serious first.');
}

/** The findings that follow from a report's figures: of what single predictions would have to decide, as the report has it. */
export function derivedFindings(report: DefenseReport): Finding[] {
  const guesses = changedGuesses(report).map((pruningChanged) => findings(factsOf(report, pruningChanged)));
  const ids = (found: readonly Finding[]): string => found.map(({ id }) => id).join();
  return guesses.find((found) => ids(found) === ids(report.findings)) ?? guesses[0]!;
}

interface Difference {
  missing: Finding[];
  /** Indices of findings that do not follow. */
  extra: number[];
  order: boolean;
}

function difference(found: readonly Finding[], expected: readonly Finding[], sameWords: boolean): Difference {
  const identity = ({ id, severity, message }: Finding): string =>
    canonicalJson(sameWords ? { id, severity, message } : { id, severity });
  const left = expected.map(identity);
  const extra = found.flatMap((finding, at) => {
    const match = left.indexOf(identity(finding));
    if (match >= 0) left[match] = '';
    return match >= 0 ? [] : [at];
  });
  const missing = expected.filter((_, at) => left[at] !== '');
  return {
    missing,
    extra,
    order: extra.length + missing.length === 0 && found.map(identity).join() !== expected.map(identity).join(),
  };
}

/**
 * How many predictions pruning changed is not in a report; what can be known is whether it was none. Confusion matrices that
 * differ say so; equal ones almost do, and do when every pruned unit is 0 on all that was measured. Most likely guess first.
 */
function changedGuesses({ confusion, repaired, layer, pruning, data }: DefenseReport): number[] {
  if (!repaired) return [0];
  if (canonicalJson(confusion.before) !== canonicalJson(confusion.pruned)) return [1];
  const analysedAll = data.analysis.role === 'test' && data.analysis.images === data.test.images;
  const silent = pruning.units.every(
    (u) =>
      layer.activations[u]!.cleanMeanAbs === 0 &&
      (layer.activations[u]!.triggeredFires ?? 0) === 0 &&
      (layer.activations[u]!.triggeredMean ?? 0) === 0,
  );
  return analysedAll && silent ? [0] : [0, 1];
}

function factsOf(report: DefenseReport, pruningChanged: number): Facts {
  const { layer } = report;
  const named = report.findings.some(({ id }) => id === 'negative-activations');
  const seen = layer.activations.some(
    ({ cleanMean, cleanMeanAbs }) => cleanMean < 0 || cleanMeanAbs - cleanMean > 1e-6 * cleanMeanAbs,
  );
  const samples = report.findings
    .map(({ id, message }) =>
      id === 'test-subset' ? /^(\d{1,15}) of your triggered samples/.exec(message)?.[1] : undefined,
    )
    .find(Boolean);
  return { ...report, pruningChanged, canBeNegative: named || seen, samplesOfTargetClass: Number(samples ?? 0) };
}
