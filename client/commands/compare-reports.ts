import { badInput } from '../../server/protocol/errors';
import { activeReport, baseName, isReport } from '../ui/open';
import type { CommandContext } from './context';
import { pickFile } from './pick';
import { askOther, given, type Given, type Kind } from './sides';
import { REPORT_FILE } from '../../server/protocol/files';

const REPORTS: Kind = { is: isReport, glob: REPORT_FILE.glob, extensions: ['json'], noun: 'Defense report' };

/**
 * `finePrune.compareReports`: two reports beside each other, from two selected files, an entry of the Source Control view (HEAD
 * against the working tree), a diff editor, a lens, or one file and a question.
 */
export async function compareReports(context: CommandContext, first?: unknown, second?: unknown): Promise<void> {
  const found = (await given(REPORTS, first, second)) ?? (await chooseReport());
  if (!found) return;
  if ('file' in found && !isReport(found.file)) {
    throw badInput(
      'compare.notAReport',
      `${baseName(found.file)} is not a defense report: report names end with ${REPORT_FILE.ending}.`,
      { todo: 'Choose the report beside it.' },
    );
  }
  const sides = 'file' in found ? await askOther(REPORTS, found.file) : found;
  if (sides) context.comparisons.open(sides.base, sides.head);
}

async function chooseReport(): Promise<Given | undefined> {
  const file =
    activeReport() ??
    (await pickFile(REPORTS.glob, 'Fine-Prune: compare which report?', { [REPORTS.noun]: REPORTS.extensions }));
  return file && { file };
}
