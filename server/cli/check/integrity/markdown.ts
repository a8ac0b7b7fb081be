import path from 'node:path';
import { isLfsPointer } from '../../../engine/files/lfs-pointer';
import { markdownReport } from '../../../engine/report/markdown/markdown';
import type { DefenseReport } from '../../../protocol/report/report';
import type { CheckResult, ReviewedIssue } from '../../../protocol/report/review';
import { failure, FETCH, hold, warn, type Target } from '../context';
import { readBeside } from '../read';
import { MARKDOWN_ENDING } from '../../../protocol/files';

/** The Markdown of a report is smaller than its JSON. */
const MAX_MARKDOWN_BYTES = 16 << 20;

/** `<name>.defense.md` is what reviewers read: it must be what the JSON gives, with or without the decisions beside it. */
export async function markdownResults(
  target: Target,
  report: DefenseReport,
  issues: readonly ReviewedIssue[],
): Promise<CheckResult[]> {
  const name = `${target.name}${MARKDOWN_ENDING}`;
  try {
    const text = await readBeside(target, name, 'Markdown report', MAX_MARKDOWN_BYTES);
    if (text === null)
      return [
        warn(
          'markdown.missing',
          `${name} does not exist: create it with \`fine-prune report ${path.basename(target.file)} --format md\`.`,
        ),
      ];
    if (isLfsPointer(text))
      return [warn('markdown.notFetched', `${name} is not fetched: there is a Git LFS pointer instead. ${FETCH}`)];
    // Git may check out text with other line endings than it was committed with.
    const lines = text.replaceAll('\r\n', '\n');
    const same =
      lines === markdownReport(report, undefined, target.name) || lines === markdownReport(report, issues, target.name);
    return [
      hold('markdown.differs', same, {
        good: `${name} was made from this report.`,
        bad: `${name} does not match this report: it was edited, or is from another run. Create it again with \`fine-prune report ${path.basename(target.file)} --format md\`.`,
      }),
    ];
  } catch (error) {
    return [failure('markdown.unreadable', `${name} can't be read`, error)];
  }
}
