import { readReport } from '../../../engine/report/json/read-report';
import { canonicalJson } from '../../../engine/files/hash';
import { FinePruneError } from '../../../protocol/errors';
import type { DefenseReport } from '../../../protocol/report/report';
import type { CheckContext, Target } from '../context';
import { readBeside } from '../read';
import { REPORT_FILE } from '../../../protocol/files';

/**
 * Reports that the change has under another name than the base, recognised by the hashes of the input model: a new name must not shake
 * off the gates that the old one had.
 *
 * @param deleted paths, from the repository's root, of the base's reports that are here no more
 * @returns the targets, those that were moved with where from
 */
export async function withMoves(
  targets: readonly Target[],
  deleted: readonly string[],
  { base, repository }: Pick<CheckContext, 'base' | 'repository'>,
): Promise<Target[]> {
  if (!base || !repository || deleted.length === 0) return [...targets];
  const gone = new Map<string, string>();
  for (const file of deleted) {
    const model = await modelOf(
      async () => (await repository.read(base.files.get(file)!, REPORT_FILE.mostBytes)).toString('utf8'),
      file,
    );
    // Of several the first by name, so that the answer is always the same.
    if (model !== null && !gone.has(model)) gone.set(model, file);
  }
  return Promise.all(
    targets.map(async (target) => {
      if (base.files.has(repository.relative(target.file))) return target;
      const model = await modelOf(
        async () => (await readBeside(target, REPORT_FILE.named(target.name), 'report', REPORT_FILE.mostBytes)) ?? '',
        target.shown,
      );
      return { ...target, movedFrom: (model !== null && gone.get(model)) || null };
    }),
  );
}

/** What identifies the input model of a report; null for one that can't be read, which is reported elsewhere. */
async function modelOf(read: () => Promise<string>, file: string): Promise<string | null> {
  try {
    const report: DefenseReport = readReport(await read(), file);
    return canonicalJson(report.model.before);
  } catch (error) {
    if (error instanceof FinePruneError) return null;
    throw error;
  }
}
