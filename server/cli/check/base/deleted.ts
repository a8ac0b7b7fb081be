import { stat } from 'node:fs/promises';
import path from 'node:path';
import { confinedPath } from '../../../engine/files/confine';
import { atBase, configAtBase } from './base';
import type { Checked } from '../check-report';
import { fail, warn, type CheckContext } from '../context';
import { targetOf } from '../find';
import { REPORT_FILE } from '../../../protocol/files';

/**
 * A report that the base revision has and the change does not. While its model stays, that is a way past the gates.
 * @param inside path from the repository's root
 */
export async function deletedReport(inside: string, context: CheckContext): Promise<Checked> {
  const target = targetOf(path.join(context.repository!.root, inside), context);
  const before = await atBase(target, context);
  // One that can't be read may name any model: its deletion is a failure.
  const { report } = before;
  // The model lies where the config says, the defended one where the report does.
  const config = configAtBase(
    target,
    inside.slice(0, -REPORT_FILE.ending.length),
    context.base!.files,
    context.repository!,
  );
  const home = config === null ? target.folder : path.join(context.repository!.root, path.dirname(config));
  const { root } = target.allowed;
  const stays =
    report === null
      ? []
      : [
          ...(await present(home, [report.model.path], root)),
          ...(report.model.after ? await present(target.folder, [report.model.after.path], root) : []),
        ];
  const ref = context.base!.ref;
  const result =
    stays.length || report === null
      ? fail(
          'report.deleted',
          `The report of ${ref} was deleted in this change${stays.length ? `, but ${stays.join(' and ')} ${stays.length === 1 ? 'is' : 'are'} still there` : ''}: nothing shows how good the model is any more.`,
        )
      : warn('report.removed', `The report of ${ref} was deleted in this change, along with its model.`);
  return {
    target,
    text: null,
    judged: null,
    before,
    baseIssues: null,
    policyWords: '',
    result: {
      file: target.shown,
      passed: result.outcome !== 'fail',
      level: null,
      report: null,
      results: [result],
      issues: [],
      policy: { source: 'base', ref },
    },
  };
}

async function present(folder: string, paths: readonly string[], root: string): Promise<string[]> {
  const found: string[] = [];
  for (const written of paths) {
    const file = await confinedPath(folder, written, { root, folders: [] }, 'model').catch(() => null);
    if (file !== null && (await stat(file).catch(() => null))) found.push(written);
  }
  return found;
}
