import { isLfsPointer, MOST_POINTER_BYTES } from '../../../engine/files/lfs-pointer';
import { REVIEW_FILE } from '../../../protocol/files';
import type { CheckResult } from '../../../protocol/report/review';
import type { Checked } from '../check-report';
import { configOf, fail, type CheckContext } from '../context';

/** Bytes of all pointers together that are read at most. */
const MOST_BYTES = 16 << 20;

/**
 * Reports, configs, decisions and a policy of which git itself has only Git LFS pointers, as a line of `.gitattributes` brings about: here
 * they can be read, and as a base they could not, so that the next change would be compared with nothing.
 */
export async function committedResults(all: readonly Checked[], context: CheckContext): Promise<CheckResult[]> {
  const { base, head, repository, policy } = context;
  if (!base || !head || !repository) return [];
  const files = all.flatMap(({ target }) => {
    const report = repository.relative(target.file);
    const folder = report.slice(0, report.lastIndexOf('/') + 1);
    return [report, repository.relative(configOf(target)), `${folder}${REVIEW_FILE.named(target.name)}`];
  });
  const ids = new Map<string, string>();
  for (const file of [...files, ...(policy?.inside ? [policy.inside] : [])]) {
    const id = head.files.get(file)?.id;
    if (id) ids.set(file, id);
  }
  const contents = await repository.readAll([...ids.values()], MOST_POINTER_BYTES, MOST_BYTES);
  return [...ids].flatMap(([file, id]) =>
    isLfsPointer(contents.get(id)?.toString('utf8') ?? '')
      ? [
          {
            ...fail(
              'path.lfsPointer',
              `Git has only a Git LFS pointer for ${file}, so the next change could not be compared with it. Take its pattern out of .gitattributes, and add the file again (\`git add --renormalize\`).`,
            ),
            file,
          },
        ]
      : [],
  );
}
