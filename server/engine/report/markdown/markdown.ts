import type { DefenseReport } from '../../../protocol/report/report';
import type { ReviewedIssue } from '../../../protocol/report/review';
import { curveChart, curveTable } from './curve';
import { classTable, confusions, hashes, provenanceList, prunedUnits, reproduction, settings } from './details';
import { text } from '../../../protocol/text/markdown';
import { proofClasses, proofText, repairsTried, roundTable } from './repair';
import { scanEvidence, scanTitle } from './scan';
import {
  findingList,
  gateTable,
  pairedLine,
  settingsLine,
  stageTable,
  tableNote,
  verdictLine,
  weakeningLine,
} from './figures';
import { DEFENDED_ENDING } from '../../../protocol/files';

/** A part of a report in Markdown. */
export interface Block {
  /** What a sentence calls it when it is left out: `the pruning curve`. */
  name: string;
  /** Made only where it is shown. */
  markdown: () => string;
  /** What goes first when room is short: high before low; 0 never goes. */
  priority: 0 | 1 | 2 | 3;
}

/**
 * A report as a forge shows it: verdict and gates first, then figures, curve, pruned units, findings, how to reproduce them;
 * details folded. Made from the report alone (and the decisions, where they are given), so the same report gives the same bytes;
 * no dates but those of decisions. Every text of the report is escaped: it may come from anyone.
 *
 * @param issues from `reviewedIssues`; left out: findings without decisions
 * @param name the config's base name; default: as the defended model's path has it, else the model's
 */
export function markdownReport(report: DefenseReport, issues?: readonly ReviewedIssue[], name?: string): string {
  return `${reportBlocks(report, issues, name ?? nameOf(report))
    .map((block) => block.markdown())
    .join('\n\n')}\n`;
}

/** The parts of a report in their order. */
export function reportBlocks(
  report: DefenseReport,
  issues: readonly ReviewedIssue[] | undefined,
  name: string,
): Block[] {
  const section = (title: string, markdown: string): string => `### ${title}\n\n${markdown}`;
  // Blank lines make what is inside Markdown again.
  const folded = (title: string, markdown: string): string =>
    `<details>\n<summary>${title}</summary>\n\n${markdown}\n\n</details>`;
  return [
    {
      name: 'the verdict',
      priority: 0,
      markdown: () =>
        `## Defense report: ${text(name)}\n\n${verdictLine(report)}\n\n${settingsLine(report)}${gateTable(report, issues)}\n\n${weakeningLine(report, issues)}`,
    },
    {
      name: 'the figures',
      priority: 0,
      markdown: () => `${section('Figures', stageTable(report))}\n\n${pairedLine(report)}\n\n${tableNote(report)}`,
    },
    ...(report.scan
      ? [
          {
            name: 'the scan for triggers',
            priority: 1 as const,
            markdown: () => section(scanTitle(report), scanEvidence(report)),
          },
        ]
      : []),
    ...(report.attempts
      ? [
          {
            name: 'the repairs that were tried',
            priority: 1 as const,
            markdown: () => section('Repairs tried', repairsTried(report)),
          },
        ]
      : []),
    ...(report.attempts?.length
      ? [
          {
            name: 'their rounds',
            priority: 3 as const,
            markdown: () => folded('Rounds of the repairs', roundTable(report)),
          },
        ]
      : []),
    ...(report.proof
      ? [{ name: 'the proof', priority: 1 as const, markdown: () => section('Proof', proofText(report)) }]
      : []),
    ...(report.proof
      ? [
          {
            name: 'the scan of the repaired model',
            priority: 3 as const,
            markdown: () => folded('Scan of the repaired model, class by class', proofClasses(report)),
          },
        ]
      : []),
    { name: 'the pruning curve', priority: 2, markdown: () => section('Pruning curve', curveChart(report)) },
    { name: 'the pruned units', priority: 2, markdown: () => section('Pruned units', prunedUnits(report)) },
    { name: 'the findings', priority: 1, markdown: () => section('Findings', findingList(report, issues)) },
    { name: 'how to reproduce it', priority: 2, markdown: () => section('Reproduce', reproduction(report, name)) },
    { name: 'accuracy by class', priority: 3, markdown: () => folded('Accuracy by class', classTable(report)) },
    { name: 'the confusion matrices', priority: 3, markdown: () => folded('Confusion matrices', confusions(report)) },
    {
      name: 'the curve as a table',
      priority: 3,
      markdown: () => folded('Pruning curve as a table', curveTable(report)),
    },
    { name: 'the hashes', priority: 3, markdown: () => folded('Hashes', hashes(report)) },
    { name: 'what it was made with', priority: 3, markdown: () => folded('Provenance', provenanceList(report)) },
    { name: 'the settings', priority: 3, markdown: () => folded('Settings of the run', settings(report)) },
  ];
}

/** The name of the defense, as far as the report knows it. */
export function nameOf({ model }: DefenseReport): string {
  const after = model.after?.path ?? '';
  const folder = after.slice(0, Math.max(0, after.lastIndexOf('/')));
  return folder.endsWith(DEFENDED_ENDING) && folder !== DEFENDED_ENDING && folder.length + 1 < after.length
    ? folder.slice(0, -DEFENDED_ENDING.length)
    : model.path
        .split('/')
        .at(-1)!
        .replace(/\.json$/, '');
}
