import path from 'node:path';
import { FILE_KINDS, MARKDOWN_ENDING, REPORT_FILE } from '../../../protocol/files';
import type { CheckResult } from '../../../protocol/report/review';
import { fail, warn, type CheckContext } from '../context';
import { isSkipped } from '../find';

/** Names that one list shows at most. */
const MOST_NAMES = 10;

/**
 * What a change does to names, beyond single reports: twins that some systems take for one file, submodules, and what was not looked at.
 * @param checked paths, from the repository's root, of the reports that were checked, and of models that are theirs
 * @param named whether the command line named the reports
 */
export function treeResults(checked: ReadonlySet<string>, named: boolean, context: CheckContext): CheckResult[] {
  const { head } = context;
  if (!head) return [];
  return [...twins(checked, context), ...submodules(context), ...unseen(checked, named, context)];
}

/** macOS and Windows have one file where git has two names that differ in case, or in how an accent is composed. */
const folded = (file: string): string => file.normalize('NFC').toLowerCase();

function twins(checked: ReadonlySet<string>, { head, base, policy }: CheckContext): CheckResult[] {
  const ours = (file: string): boolean =>
    checked.has(file) ||
    file === policy?.inside ||
    file.endsWith(MARKDOWN_ENDING) ||
    FILE_KINDS.some((kind) => kind.is(file.toLowerCase()));
  const byFold = new Map<string, string[]>();
  for (const file of head!.files.keys()) {
    const key = folded(file);
    byFold.set(key, [...(byFold.get(key) ?? []), file]);
  }
  return [...byFold.values()]
    .filter((files) => files.length > 1 && files.some(ours) && !(base && files.every((file) => base.files.has(file))))
    .map((files) =>
      Object.assign(
        fail(
          'path.twins',
          `${files.map((file) => JSON.stringify(file)).join(' and ')} differ only in case or in how an accent is composed: on macOS and Windows they are one file, and which of them is checked is chance. Rename or delete all but one.`,
        ),
        { file: files[0]! },
      ),
    );
}

function submodules({ head, base }: CheckContext): CheckResult[] {
  const found = [...head!.files.values()].filter(
    ({ kind, path: file, id }) => kind === 'submodule' && (!base || base.submodules.get(file) !== id),
  );
  return list(found.map((one) => one.path)).map((names) =>
    warn(
      'models.notLookedAt',
      `What lies in the ${found.length === 1 ? 'submodule' : 'submodules'} ${names} was not looked at: check the repository that it comes from.`,
    ),
  );
}

/** Reports of the base, or of the working folder, that nobody checked. */
function unseen(checked: ReadonlySet<string>, named: boolean, context: CheckContext): CheckResult[] {
  const { head, base, repository, cwd } = context;
  if (!base) return [];
  const prefix = repository!.relative(cwd);
  const below = (file: string): boolean => prefix === '' || file.startsWith(`${prefix}/`);
  const all = new Set([...base.files.keys(), ...head!.files.keys()]);
  const left = [...all].filter(
    (file) => REPORT_FILE.is(file) && !isSkipped(file) && !checked.has(file) && (named || !below(file)),
  );
  const gone = left.filter((file) => base.files.has(file) && head!.files.get(file)?.kind !== 'file');
  return [
    ...list(left).map((names) =>
      warn(
        'reports.notLookedAt',
        named
          ? `Reports that the command line does not name were not checked: ${names}.`
          : `Reports outside of the folder ${path.posix.basename(prefix)} were not checked: ${names}. Run the check in the root of the repository.`,
      ),
    ),
    ...list(gone).map((names) =>
      warn(
        'reports.notLookedAt',
        `Of these, the change deletes ${names}: a check of the whole repository judges that.`,
      ),
    ),
  ];
}

function list(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const shown = [...names].sort().slice(0, MOST_NAMES).join(', ');
  return [names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown];
}
