import type { CheckResult } from '../../protocol/report/review';
import { checkReport, type Checked } from './check-report';
import { committedResults } from './base/committed';
import { deletedReport } from './base/deleted';
import type { Gone } from './base/heirs';
import { policyTerms } from './base/policy-terms';
import { treeResults } from './base/tree';
import { vouchedResults } from './base/vouching';
import type { CheckContext, Target } from './context';
import { findModels } from './models/found';
import { uncoveredResults } from './models/uncovered';

/** What a whole check found. */
export interface WholeCheck {
  /** Reports of the base that are gone, then those that are here. */
  reports: Checked[];
  /** What is about no single report: models without one, what the base vouched for, names. */
  results: CheckResult[];
  passed: boolean;
}

/**
 * Checks all reports, and what they leave out.
 * @param orphans reports of the base that are gone and have no heir
 * @param named whether the command line named the reports
 * @throws FinePruneError of kind `engine` or `cancelled`; what is wrong with a file is a result
 */
export async function checkWhole(
  targets: readonly Target[],
  orphans: readonly Gone[],
  named: boolean,
  context: CheckContext,
): Promise<WholeCheck> {
  const { repository, head, base, cwd } = context;
  const checked: Checked[] = [];
  for (const target of targets) checked.push(await checkReport(target, context));
  if (!repository || !head) return { reports: checked, results: [], passed: checked.every(hasPassed) };
  const covered = new Set(
    checked.flatMap(({ models }) => [models.input, models.defended]).filter((one): one is string => one !== null),
  );
  const prefix = repository.relative(cwd);
  const found = await findModels(prefix, covered, context);
  const brought = found.filter(({ state }) => state === 'new' || state === 'changed');
  const gone: Checked[] = [];
  for (const one of orphans) gone.push(await deletedReport(one, brought, context));
  const reports = [...gone, ...checked];
  const seen = new Set(reports.map(({ target }) => repository.relative(target.file)));
  const within = found.filter(({ path: file }) => prefix === '' || file.startsWith(`${prefix}/`));
  const results = [
    ...(base ? await vouchedResults(checked, brought, context) : []),
    ...(await policyTerms(context)),
    ...(await committedResults(checked, context)),
    ...uncoveredResults(within, covered, context),
    ...treeResults(new Set([...seen, ...covered]), named, context),
  ];
  return { reports, results, passed: reports.every(hasPassed) && results.every(({ outcome }) => outcome !== 'fail') };
}

const hasPassed = ({ result }: Checked): boolean => result.passed;
