import path from 'node:path';
import { REPORT_FILE } from '../../../protocol/files';
import type { Checked } from '../check-report';
import type { CheckContext } from '../context';
import { isSkipped, targetOf } from '../find';
import type { FoundModel } from '../models/found';
import type { Gone } from './heirs';
import { isRegular, isThere, notRegular } from './head';
import { termFail } from './waive';
import { vouchedModels } from './vouched';
import { waiversOf } from './waivers';
import { unjudged } from '../unjudged';

/**
 * A report that the base revision has and the change does not, under no name. Whoever means it says so on the base first: while its model
 * stays, or one with the same layers takes its place, that is a way past the gates.
 * @param found models of the working folder that are not those of the base
 */
export async function deletedReport(
  { file, before, topology }: Gone,
  found: readonly FoundModel[],
  context: CheckContext,
): Promise<Checked> {
  const { repository, head } = context;
  const { root } = repository!;
  const target = targetOf(path.join(root, ...file.split('/')), context);
  const { ref, files } = context.base!;
  const stays: string[] = [];
  for (const model of vouchedModels(before)) if (await isThere(model.path, head!, repository!)) stays.push(model.path);
  const like = found.filter((model) => topology !== null && model.topology === topology).map((model) => model.path);
  const left = [...new Set([...stays, ...like])];
  const what = await notRegular(root, target.file);
  const how =
    what === null || what === 'is missing' || what === 'lies outside'
      ? 'was deleted in this change'
      : `${what} in this change`;
  const mostly = `The report of ${ref} ${how}`;
  // One that can't be read may name any model.
  const id = left.length || before.report === null ? 'report.deleted' : 'report.removed';
  const message =
    id === 'report.removed'
      ? `${mostly}, along with its model: nothing here is under its terms any more.`
      : `${mostly}${left.length ? `, but ${left.slice(0, 5).join(' and ')} ${left.length === 1 ? 'is' : 'are'} still there` : ''}: nothing shows how good the model is any more. Put the report back, or a new one of the model with the same terms.`;
  const result = termFail(id, message, { report: file, id: files.get(file), left }, waiversOf(before, context));
  return unjudged(target, before, result, { source: 'base', ref });
}

/** Reports of the base below the working folder that are no regular file of the working folder any more, as paths from the repository's root. */
export async function goneReports({
  base,
  repository,
  head,
  cwd,
}: Pick<CheckContext, 'base' | 'repository' | 'head' | 'cwd'>): Promise<string[]> {
  if (!base || !repository || !head) return [];
  const prefix = repository.relative(cwd);
  const gone: string[] = [];
  for (const file of base.files.keys()) {
    if (!REPORT_FILE.is(file) || isSkipped(file) || !(prefix === '' || file.startsWith(`${prefix}/`))) continue;
    if (!(await isRegular(file, head, repository))) gone.push(file);
  }
  return gone.sort();
}
