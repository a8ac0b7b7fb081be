import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { Command, Option } from 'commander';
import { writeFileAtomically } from '../../engine/files/write';
import { today } from '../../protocol/day';
import { conclude, EXIT } from '../exit';
import { CONFIG_FILE, REPORT_FILE, beside, MARKDOWN_ENDING } from '../../protocol/files';
import { print } from '../output/print';
import { jsonText } from '../../protocol/text/json-text';

interface ReportFlags {
  format: 'md' | 'sarif' | 'json';
  out?: string;
}

/** `fine-prune report`. */
export function reportCommand(): Command {
  return new Command('report')
    .description('Show a defense report in another format, with the decisions saved beside it.')
    .argument('<report>', `a report (${REPORT_FILE.pattern}), or one in a git revision as REVISION:PATH`)
    .addOption(
      new Option(
        '--format <name>',
        'Markdown as forges render it, SARIF for code scanning, or JSON with what was decided',
      )
        .choices(['md', 'sarif', 'json'])
        .default('md'),
    )
    .option('--out <file>', 'write to this file instead of standard output')
    .addHelpText(
      'after',
      `
Examples:
  $ fine-prune report mnist${REPORT_FILE.ending} --out mnist${MARKDOWN_ENDING}
  $ fine-prune report mnist${REPORT_FILE.ending} --format sarif
  $ fine-prune report main:models/mnist${REPORT_FILE.ending}`,
    )
    .action((report: string, flags: ReportFlags) => conclude(flags.format === 'json', () => show(report, flags)));
}

async function show(named: string, { format, out }: ReportFlags): Promise<number> {
  const cwd = await realpath(process.cwd());
  const { openReport, reviewBeside } = await import('../open-report');
  const { reviewedIssues } = await import('../../engine/report/review/review');
  const opened = await openReport(named, cwd);
  const review = await reviewBeside(opened);
  const issues = reviewedIssues(opened.report, review, today());
  const text = await textOf(format, opened, issues, review !== null);
  if (out === undefined) print(text);
  else await writeFileAtomically(path.resolve(cwd, out), text, { allowed: { root: cwd, folders: [] } });
  return EXIT.ok;
}

async function textOf(
  format: ReportFlags['format'],
  opened: import('../open-report').NamedReport,
  issues: import('../../protocol/report/review').ReviewedIssue[],
  decided: boolean,
): Promise<string> {
  const { report, text, name, file, label } = opened;
  if (format === 'md') {
    const { markdownReport } = await import('../../engine/report/markdown/markdown');
    return markdownReport(report, decided ? issues : undefined, name);
  }
  if (format === 'json') return `${jsonText({ report, issues })}\n`;
  const { sarifLog } = await import('../../engine/report/sarif/sarif');
  const { Repository } = await import('../git');
  const repository = file === null ? null : await Repository.of(path.dirname(file));
  const relative = repository
    ? repository.relative(await realpath(file!))
    : label.slice(file === null ? label.indexOf(':') + 1 : 0);
  return `${jsonText(sarifLog([{ report, issues, file: relative, text, configFile: beside(relative, REPORT_FILE, CONFIG_FILE) }]))}\n`;
}
