import picomatch from 'picomatch';
import type { CheckResult } from '../../../protocol/report/review';
import { policyWaivers } from '../base/waivers';
import { termFail } from '../base/waive';
import { warn, type CheckContext } from '../context';
import type { FoundModel } from './found';

/**
 * Models that no report is about. They are listed, and fail the check where the policy, or the command line, asks for a report of them.
 * @param covered paths, from the repository's root, of the models that checked reports are about
 */
export function uncoveredResults(
  found: readonly FoundModel[],
  covered: ReadonlySet<string>,
  context: CheckContext,
): CheckResult[] {
  const { policy, required, base } = context;
  const globs = policy?.text.requireReports ?? [];
  // Names of any case and with a leading dot: a rule must not be walked around by a name.
  const byPolicy = globs.length ? picomatch([...globs], { dot: true, nocase: true }) : () => false;
  return found
    .filter((model) => !covered.has(model.path))
    .map((model) => {
      const isChanged = model.state === 'new' || model.state === 'changed';
      const reason = byPolicy(model.path)
        ? `${policy!.source} requires a report of it`
        : required === 'all'
          ? 'a report is required of each model (--require-reports all)'
          : required === 'changed' && isChanged
            ? 'a report is required of each model that a change brings (--require-reports changed)'
            : null;
      const state = isChanged ? `, ${model.state} against ${base!.ref},` : '';
      const message = `${model.path}${state} is ${model.what}, and no report that was checked is about it${reason ? `; ${reason}` : ''}.`;
      if (reason === null) return { ...warn('models.uncovered', message), file: model.path };
      const subject = { path: model.path, content: model.id };
      return {
        ...termFail('models.uncovered', `${message} ${todoOf(model)}`, subject, policyWaivers(context)),
        file: model.path,
      };
    });
}

function todoOf({ opened, unread, what }: FoundModel): string {
  if (unread) return `What it holds is not known (${unread}).`;
  return opened
    ? 'Run `fine-prune run` on a config of it, and commit the report.'
    : `This version of Fine-Prune can't open ${what}: convert it, or have it accepted.`;
}
