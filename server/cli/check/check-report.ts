import type { OpenConfig } from '../../engine/config/read-config';
import { dataFiles } from '../../engine/report/consistency/settings';
import { readReport } from '../../engine/report/json/read-report';
import { readReview } from '../../engine/report/review/read-review';
import { reviewedIssues } from '../../engine/report/review/review';
import { judge, judgeGates } from '../../engine/defense/verdict';
import { badInput } from '../../protocol/errors';
import type { MeasureOutcome } from '../../protocol/messages/engine';
import type { DefenseReport } from '../../protocol/report/report';
import type {
  CheckedReport,
  CheckLevel,
  CheckResult,
  Decision,
  DefenseReview,
  ReviewedIssue,
} from '../../protocol/report/review';
import { atBase, changedSince, type AtBase } from './base';
import { termsChanged } from './change';
import { fail, warn, type CheckContext, type Target } from './context';
import { locateConfig } from './locate-config';
import { configResults, failure, figureResults, hashResults, markdownResults } from './integrity';
import { measuredResults } from './measured';
import { effectivePolicy, type EffectivePolicy } from './policy';
import { readBeside } from './read';
import { reproducedResults } from './reproduced';
import { REPORT_FILE, REVIEW_FILE } from '../../protocol/files';
import { limitWords } from '../../protocol/words';

/** What was found out about one report, with what its presentation needs beside that. */
export interface Checked {
  result: CheckedReport;
  target: Target;
  /** The report's text; null when it could not be read. */
  text: string | null;
  /** The report under the gates that count; null when it could not be read. */
  judged: DefenseReport | null;
  before: AtBase;
  /** Issues of the base's report under the base's decisions; null when it has none. */
  baseIssues: ReviewedIssue[] | null;
  /** Where gates and decisions come from, for people. */
  policyWords: string;
}

/**
 * Checks one report, as far as `context.level` asks for.
 * @throws FinePruneError of kind `engine` or `cancelled`; what is wrong with a file is a result
 */
export async function checkReport(found: Target, context: CheckContext): Promise<Checked> {
  let target = found;
  let before = await atBase(target, context);
  const unread = (result: CheckResult): Checked => ({
    target,
    text: null,
    judged: null,
    before,
    baseIssues: null,
    policyWords: '',
    result: {
      file: target.shown,
      passed: false,
      level: null,
      report: null,
      results: [result],
      issues: [],
      policy: effectivePolicy(context, null, [], before).source,
    },
  });
  let text: string;
  let report: DefenseReport;
  try {
    text =
      (await readBeside(target, REPORT_FILE.named(target.name), 'report', REPORT_FILE.mostBytes)) ?? missing(target);
    report = readReport(text, target.shown);
  } catch (error) {
    return unread(failure('report.unreadable', "The report can't be used", error));
  }

  const worktree = await ownReview(target);
  const located = await locateConfig(target, report, context).catch((error: unknown) =>
    failure('config.several', 'Its config is not known', error),
  );
  if (typeof located === 'string') {
    target = { ...target, config: located };
    before = await atBase(target, context);
  }
  const { results: ofConfig, opened } =
    located === null || typeof located === 'string'
      ? await configResults(target, report)
      : { results: [located], opened: null };
  // Which settings they were is told with the config, where it can be read.
  const figures = figureResults(report).filter(({ id }) => id !== 'figures.config.overridden' || !opened);
  const policy = effectivePolicy(context, opened?.config ?? null, worktree.decisions, before);
  const terms =
    opened && context.base
      ? termsChanged(
          opened.config,
          report,
          worktree.decisions,
          before,
          context.base,
          await changedData(opened, context),
        )
      : [];
  const hashes = opened ? await hashResults(target, report, opened) : [];

  const judged = judgedBy(report, policy);
  const issues = reviewedIssues(judged, reviewOf(policy.decisions), context.today);
  const own =
    context.base || context.policy ? reviewedIssues(report, reviewOf(worktree.decisions), context.today) : issues;
  const moved =
    target.movedFrom === null
      ? []
      : [
          warn(
            'policy.reportMoved',
            `This report was ${target.movedFrom} in ${context.base!.ref}: the gates and decisions that it had there hold.`,
          ),
        ];
  const consistent = [
    ...terms,
    ...moved,
    ...gateApplied(opened, policy, terms),
    ...worktree.results,
    ...figures,
    ...ofConfig,
    ...hashes,
    ...(await markdownResults(target, report, own)),
  ];

  const {
    results: deeper,
    level,
    measured,
  } = opened
    ? await deeperResults(target, report, text, opened, context)
    : { results: [], level: 'consistent' as const, measured: null };
  const results = [...consistent, ...deeper, ...(measured ? gatesHere(measured, judged, policy, issues) : [])];
  const passed =
    results.every(({ outcome }) => outcome !== 'fail') &&
    issues.every((issue) => !issue.id.startsWith('gate.') || issue.status === 'accepted');
  return {
    target,
    text,
    judged,
    before,
    policyWords: policy.words,
    baseIssues: before.report && reviewedIssues(before.report, reviewOf(before.decisions), context.today),
    result: { file: target.shown, passed, level, report, results, issues, policy: policy.source },
  };
}

async function deeperResults(
  target: Target,
  report: DefenseReport,
  text: string,
  opened: OpenConfig,
  context: CheckContext,
): Promise<{ results: CheckResult[]; level: CheckLevel; measured: MeasureOutcome | null }> {
  if (context.level === 'consistent') return { results: [], level: 'consistent', measured: null };
  const again = await measuredResults(target, report, opened, context);
  if (!again.measured || context.level === 'measured')
    return { results: again.results, level: again.measured ? 'measured' : 'consistent', measured: again.measured };
  const second = await reproducedResults(target, report, text, opened, context);
  return {
    results: [...again.results, ...second.results],
    level: second.done ? 'reproduced' : 'measured',
    measured: again.measured,
  };
}

/** The report under the gates that count: with them, the verdict may be another one than it says. */
function judgedBy(report: DefenseReport, { gates }: EffectivePolicy): DefenseReport {
  return { ...report, gates: judgeGates(report, gates), verdict: judge(report, gates) };
}

/** A figure that is two images off may be on the right side of a limit in the report alone. */
function gatesHere(
  { stages }: MeasureOutcome,
  judged: DefenseReport,
  { gates }: EffectivePolicy,
  issues: readonly ReviewedIssue[],
): CheckResult[] {
  if (!stages.after) return [];
  const here = judgeGates(
    { ...judged, stages: { ...judged.stages, before: stages.before, after: stages.after } },
    gates,
  );
  return here.flatMap((gate, at) => {
    const told = judged.gates[at]!;
    if (gate.met || !told.met || issues.some(({ id }) => id === `gate.${gate.id}`)) return [];
    return [
      fail(
        'measure.gate',
        `The gate ${gate.id} (${limitWords(gate.limit)}) is met by the report's figures and missed by those measured here.`,
        `/gates/${at}`,
      ),
    ];
  });
}

/** A limit of the config that is not the one that counts, when nothing else has said so. */
function gateApplied(opened: OpenConfig | null, policy: EffectivePolicy, terms: readonly CheckResult[]): CheckResult[] {
  if (!opened || terms.some(({ id }) => id === 'policy.gateLoosened')) return [];
  return (['maxAttackSuccessRate', 'maxAccuracyDrop'] as const).flatMap((gate, at) => {
    const [own, applied] = [opened.config.gates[gate], policy.gates[gate]];
    return applied < own
      ? [
          warn(
            'policy.gateApplied',
            `The config's gate ${gate} of ${limitWords(own)} is not applied, ${limitWords(applied)} is: ${policy.words}.`,
            `/gates/${at}`,
          ),
        ]
      : [];
  });
}

/** Decisions beside the report. */
async function ownReview(target: Target): Promise<{ decisions: Decision[]; results: CheckResult[] }> {
  const name = REVIEW_FILE.named(target.name);
  try {
    const text = await readBeside(target, name, 'list of decisions', REVIEW_FILE.mostBytes);
    return { decisions: text === null ? [] : readReview(text, name).decisions, results: [] };
  } catch (error) {
    return {
      decisions: [],
      results: [failure('review.unreadable', "The decisions beside the report can't be used", error)],
    };
  }
}

const reviewOf = (decisions: Decision[]): DefenseReview => ({ schemaVersion: 1, decisions });

/** Paths, as the config writes them, of data files that are not those of the base revision. */
async function changedData(opened: OpenConfig, context: CheckContext): Promise<Set<string>> {
  const changed = new Set<string>();
  for (const written of dataFiles(opened.config)) {
    // A path that leads out is told with the hashes.
    const file = await opened.resolve(written, 'data').catch(() => null);
    if (file !== null && (await changedSince(file, context))) changed.add(written);
  }
  return changed;
}

function missing(target: Target): never {
  throw badInput('report.missing', 'Git tracks it, but it is not in the working folder.', { file: target.shown });
}
