import path from 'node:path';
import type { OpenConfig } from '../../engine/config/read-config';
import { confinedPath, contains } from '../../engine/files/confine';
import { dataFiles } from '../../engine/report/consistency/settings';
import { readReport } from '../../engine/report/json/read-report';
import { readReview } from '../../engine/report/review/read-review';
import { reviewedIssues } from '../../engine/report/review/review';
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
import { atBase, type AtBase } from './base/base';
import { termsChanged } from './base/change';
import { changedSince } from './base/content';
import { termFail } from './base/waive';
import { waiversOf } from './base/waivers';
import { configOf, failure, warn, type CheckContext, type Target } from './context';
import { formerResults } from './former';
import { gateApplied, gatesHere, judgedBy } from './gates';
import { locateConfig } from './locate-config';
import { configResults } from './integrity/config';
import { figureResults } from './integrity/figures';
import { hashResults } from './integrity/hashes';
import { markdownResults } from './integrity/markdown';
import { measuredResults } from './measured/measured';
import { foundNothingHere, needsOwnScan, newReportResults, nothingFoundResults } from './new-report';
import { effectivePolicy, type EffectivePolicy } from './policy';
import { readBeside, refuseLinks } from './read';
import { unreadResults } from './unread';
import { reproducedResults } from './reproduced';
import { REPORT_FILE, REVIEW_FILE } from '../../protocol/files';
import { unjudged } from './unjudged';

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
  /** Paths, from the repository's root and with no link followed, of the models that it is about; null for those elsewhere or unknown. */
  models: { input: string | null; defended: string | null };
}

/**
 * Checks one report, as far as `context.level` asks for.
 * @throws FinePruneError of kind `engine` or `cancelled`; what is wrong with a file is a result
 */
export async function checkReport(found: Target, context: CheckContext): Promise<Checked> {
  const before = await atBase(found, context);
  let text: string;
  let report: DefenseReport;
  try {
    text = (await readBeside(found, REPORT_FILE.named(found.name), 'report', REPORT_FILE.mostBytes)) ?? missing(found);
    report = readReport(text, found.shown);
  } catch (error) {
    const fault = failure('report.unreadable', "The report can't be used", error);
    return unjudged(found, before, fault, effectivePolicy(context, null, [], before).source);
  }
  return await checkRead(found, before, text, report, context);
}

async function checkRead(
  found: Target,
  beforeBesideIt: AtBase,
  text: string,
  report: DefenseReport,
  context: CheckContext,
): Promise<Checked> {
  const worktree = await ownReview(found);
  const { target, before, opened, results: ofConfig } = await openOwnConfig(found, beforeBesideIt, report, context);
  // Which settings they were is said with the config, where it can be read.
  const figures = figureResults(report).filter(({ id }) => id !== 'figures.config.overridden' || !opened);
  const policy = effectivePolicy(context, opened?.config ?? null, worktree.decisions, before);
  const terms = opened ? await termResults(opened, report, worktree.decisions, before, policy, context) : [];
  const hashes = opened ? await hashResults(target, report, opened) : [];

  const judged = judgedBy(report, policy);
  const all = reviewedIssues(judged, reviewOf(policy.decisions), context.today);
  const own =
    context.base || context.policy ? reviewedIssues(report, reviewOf(worktree.decisions), context.today) : all;
  const consistent = [
    ...terms,
    ...movedResults(target, before, context),
    ...gateApplied(opened, policy, terms),
    ...worktree.results,
    ...figures,
    ...ofConfig,
    ...hashes,
    ...unreadResults(report, before.report),
    ...(await markdownResults(target, report, own)),
  ];

  const {
    results: deeper,
    level,
    measured,
  } = opened
    ? await deeperResults(target, report, text, opened, context, needsOwnScan(judged, before, context))
    : { results: [], level: 'consistent' as const, measured: null };
  const issues = foundNothingHere({ judged, measured }) ? all.filter(({ id }) => !id.startsWith('gate.')) : all;
  const results = await formerResults(
    [
      ...(await newReportResults({ target, judged, before, issues, measured }, context)),
      ...nothingFoundResults({ judged, measured }, context),
      ...consistent,
      ...deeper,
      ...(measured ? gatesHere(measured, judged, policy, issues) : []),
    ],
    report,
    target,
    opened,
    context,
  );
  const passed =
    results.every(({ outcome }) => outcome !== 'fail') &&
    issues.every((issue) => !issue.id.startsWith('gate.') || issue.status === 'accepted');
  return {
    target,
    text,
    judged,
    before,
    policyWords: policy.words,
    models: modelsOf(target, report, opened, context),
    baseIssues: before.report && reviewedIssues(before.report, reviewOf(before.decisions), context.today),
    result: { file: target.shown, passed, level, report, results, issues, policy: policy.source },
  };
}

/** The report's config, wherever it lies, and with it what the base revision has of this report. */
async function openOwnConfig(
  found: Target,
  before: AtBase,
  report: DefenseReport,
  context: CheckContext,
): Promise<{ target: Target; before: AtBase; opened: OpenConfig | null; results: CheckResult[] }> {
  const located = await locateConfig(found, report, context).catch((error: unknown) =>
    failure('config.several', 'Its config is not known', error),
  );
  if (located === null) return openConfig(found, report, before);
  if (typeof located !== 'string') return { target: found, before, opened: null, results: [located] };
  const target = { ...found, config: located };
  return openConfig(target, report, await atBase(target, context));
}

/** A config that is a link is not opened: what it leads to is another config, for the base too. */
async function openConfig(target: Target, report: DefenseReport, before: AtBase): ReturnType<typeof openOwnConfig> {
  const file = configOf(target);
  const linked = await confinedPath(path.dirname(file), path.basename(file), target.allowed, 'config')
    .then(() => refuseLinks(target, file, 'config'))
    .then(
      () => null,
      (error: unknown) => failure('config.unreadable', `The config ${path.basename(file)} can't be used`, error),
    );
  if (linked) return { target, before, opened: null, results: [linked] };
  return { target, before, ...(await configResults(target, report)) };
}

/** Whether the terms of the check are still those of the base revision. */
async function termResults(
  opened: OpenConfig,
  report: DefenseReport,
  decisions: Decision[],
  before: AtBase,
  { decisions: counting }: EffectivePolicy,
  context: CheckContext,
): Promise<CheckResult[]> {
  if (!context.base) return [];
  const changed = await changedData(opened, context);
  const waivers = { ...waiversOf(before, context), decisions: counting };
  return termsChanged(opened.config, report, decisions, before, context.base, changed, waivers);
}

function movedResults({ movedFrom, rivals }: Target, before: AtBase, context: CheckContext): CheckResult[] {
  if (movedFrom === null) return [];
  const { ref } = context.base!;
  return [
    warn(
      'policy.reportMoved',
      `This report was ${movedFrom} in ${ref}: the gates and decisions that it had there apply.`,
    ),
    ...(rivals.length
      ? [
          termFail(
            'policy.severalSuccessors',
            `This report's model has the layers of ${movedFrom} and of ${rivals.join(', ')}, which ${ref} has and this change has not: whose terms apply can't be known. Rename reports in one change, and change their models in the next.`,
            { report: before.stem, rivals },
            waiversOf(before, context),
          ),
        ]
      : []),
  ];
}

function modelsOf(
  target: Target,
  { model }: DefenseReport,
  opened: OpenConfig | null,
  { repository }: CheckContext,
): Checked['models'] {
  const inside = (folder: string, written: string): string | null => {
    const file = path.resolve(folder, written);
    return repository && contains(repository.root, file) ? repository.relative(file) : null;
  };
  return {
    input: opened && inside(path.dirname(configOf(target)), opened.config.model),
    defended: model.after && inside(target.folder, model.after.path),
  };
}

/** What measuring, and running again, found; how far that came. */
async function deeperResults(
  target: Target,
  report: DefenseReport,
  text: string,
  opened: OpenConfig,
  context: CheckContext,
  scan: boolean,
): Promise<{ results: CheckResult[]; level: CheckLevel; measured: MeasureOutcome | null }> {
  if (context.level === 'consistent') return { results: [], level: 'consistent', measured: null };
  const again = await measuredResults(target, report, opened, context, scan);
  if (!again.measured || context.level === 'measured')
    return { results: again.results, level: again.measured ? 'measured' : 'consistent', measured: again.measured };
  const second = await reproducedResults(target, report, text, opened, context);
  return {
    results: [...again.results, ...second.results],
    level: second.done ? 'reproduced' : 'measured',
    measured: again.measured,
  };
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

const reviewOf = (decisions: Decision[]): DefenseReview => ({ schemaVersion: 2, decisions });

/** Paths, as the config writes them, of data files that are not those of the base revision. */
async function changedData(opened: OpenConfig, context: CheckContext): Promise<Set<string>> {
  const folder = path.dirname(opened.file);
  const changed = new Set<string>();
  for (const { path: written } of dataFiles(opened.config)) {
    // A path that leads out is reported with the hashes.
    const file = await opened.resolve(written, 'data').catch(() => null);
    if (file === null) continue;
    // By the name that the config says: behind a link that the change has put there, the base has other data, or none.
    const { repository, base } = context;
    const inside = repository?.relative(path.resolve(folder, written));
    const known = inside !== undefined && base?.files.has(inside) ? inside : undefined;
    if (await changedSince(file, context, known)) changed.add(written);
  }
  return changed;
}

function missing(target: Target): never {
  throw badInput('report.missing', 'Git tracks it, but it is not in the working folder.', { file: target.shown });
}
