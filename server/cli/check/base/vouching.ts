import path from 'node:path';
import type { CheckResult } from '../../../protocol/report/review';
import type { Checked } from '../check-report';
import type { CheckContext } from '../context';
import type { FoundModel } from '../models/found';
import { waiversOf } from './waivers';
import { isThere } from './head';
import { topologyAtBase, vouchedModels, type Vouched } from './vouched';
import { termFail } from './waive';

/**
 * What became of the models that reports of the base vouch for. A model at such a path must be one of the report that has its terms, under
 * whatever name; and where none is there any more, so must every new model with the same layers.
 * @param found models of the working folder that are not those of the base
 */
export async function vouchedResults(
  all: readonly Checked[],
  found: readonly FoundModel[],
  context: CheckContext,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const families = new Map<string, Checked[]>();
  for (const checked of all) {
    const { stem, report } = checked.before;
    // One that can't be read has failed, and is about no model.
    if (stem === null || !report || checked.judged === null) continue;
    families.set(stem, [...(families.get(stem) ?? []), checked]);
  }
  for (const heirs of families.values()) {
    const told = new Set<string>();
    for (const vouched of vouchedModels(heirs[0]!.before)) {
      const here = await whatIsAt(vouched.path, context);
      if (here !== null && heirs.some((heir) => isAbout(heir, vouched))) continue;
      results.push(
        ...(here !== null
          ? [uncovered(vouched, here, heirs, context)]
          : await successors(vouched, found, heirs, told, context)),
      );
    }
  }
  return results;
}

/** Whether a report says how good the model at a vouched path is. What a run began with and repaired is not what its report vouches for. */
function isAbout({ models: { input, defended } }: Checked, { path: at, repaired }: Vouched): boolean {
  return defended === at || (input === at && (repaired || defended === null));
}

/** What lies at a path, for people; null where nothing does. */
async function whatIsAt(at: string, { head, repository }: CheckContext): Promise<string | null> {
  if (!head || !repository) return null;
  const parts = at.split('/');
  for (let length = parts.length; length > 0; length--) {
    const part = parts.slice(0, length).join('/');
    const kind = head.files.get(part)?.kind;
    if (kind === undefined || !(await isThere(part, head, repository))) continue;
    if (length === parts.length)
      return kind === 'file' ? 'a file' : kind === 'link' ? 'a symbolic link' : 'a submodule';
    if (kind !== 'file') return `something behind the ${kind === 'link' ? 'symbolic link' : 'submodule'} ${part}`;
  }
  return null;
}

function uncovered(
  { path: at, role }: Vouched,
  here: string,
  heirs: readonly Checked[],
  context: CheckContext,
): CheckResult {
  const { stem } = heirs[0]!.before;
  const [heir] = heirs;
  const about = [heir!.models.input, heir!.models.defended].filter((one) => one !== null).join(' and ');
  const asInput = heir!.models.input === at ? ', as the model that a run has repaired,' : '';
  const result = termFail(
    'policy.modelUncovered',
    `In ${context.base!.ref}, ${path.posix.basename(stem!)} vouches for ${at} (its ${role} model). There is ${here} now, and the report ${heir!.result.file}${asInput} is about ${about || 'no model here'}: nothing shows that what is used from ${at} has passed. Put the model that the report is about there, or delete it.`,
    {
      report: stem,
      path: at,
      about: [heir!.models.input, heir!.models.defended],
      content: context.head?.files.get(at)?.id ?? null,
    },
    waiversOf(heir!.before, context),
  );
  return { ...result, file: at };
}

async function successors(
  vouched: Vouched,
  found: readonly FoundModel[],
  heirs: readonly Checked[],
  told: Set<string>,
  context: CheckContext,
): Promise<CheckResult[]> {
  const about = new Set(heirs.flatMap(({ models }) => [models.input, models.defended]));
  const topology = await topologyAtBase(vouched, context);
  return found
    .filter((model) => (model.topology === topology || model.unread) && !about.has(model.path) && !told.has(model.path))
    .map((model) => {
      told.add(model.path);
      const { stem } = heirs[0]!.before;
      const why = model.unread ? `can't be read (${model.unread}) and may be it` : 'has the same layers';
      const result = termFail(
        'policy.successorUncovered',
        `${vouched.path}, for which ${path.posix.basename(stem!)} vouches in ${context.base!.ref}, is gone. ${model.path} ${why}, is ${model.state === 'new' ? 'new' : 'changed'} in this change, and the report ${heirs[0]!.result.file} is not about it. Let its config name ${model.path}, and run the defense again.`,
        { report: stem, path: vouched.path, successor: model.path, content: model.id },
        waiversOf(heirs[0]!.before, context),
      );
      return { ...result, file: model.path };
    });
}
