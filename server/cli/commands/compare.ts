import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { Command, Option } from 'commander';
import { writeFileAtomically } from '../../engine/files/write';
import { badInput } from '../../protocol/errors';
import { conclude, EXIT } from '../exit';
import { REPORT_FILE } from '../../protocol/files';
import { print } from '../output/print';
import { jsonText } from '../../protocol/text/json-text';

interface CompareFlags {
  format: 'md' | 'json';
  out?: string;
}

/** `fine-prune compare`. */
export function compareCommand(): Command {
  return new Command('compare')
    .description('Show what got better or worse between two defense reports, and whether that is beyond noise.')
    .argument(
      '<base>',
      `a report (${REPORT_FILE.pattern}), one in a git revision as REVISION:PATH, or \`none\` for a report that is new`,
    )
    .argument('<head>', 'the report to compare with it, or `none` for one that was deleted')
    .addOption(
      new Option('--format <name>', 'Markdown for reading, JSON for programs').choices(['md', 'json']).default('md'),
    )
    .option('--out <file>', 'write to this file instead of standard output')
    .addHelpText(
      'after',
      `
Examples:
  $ fine-prune compare before${REPORT_FILE.ending} after${REPORT_FILE.ending}
  $ fine-prune compare HEAD:./mnist${REPORT_FILE.ending} mnist${REPORT_FILE.ending}
  $ fine-prune compare none mnist${REPORT_FILE.ending}`,
    )
    .action((base: string, head: string, flags: CompareFlags) =>
      conclude(flags.format === 'json', () => compare(base, head, flags)),
    );
}

async function compare(base: string, head: string, { format, out }: CompareFlags): Promise<number> {
  const cwd = await realpath(process.cwd());
  const { openReport } = await import('../open-report');
  const { compareReports } = await import('../../engine/report/compare/compare');
  const { comparisonMarkdown } = await import('../../engine/report/markdown/compare');
  if (base === 'none' && head === 'none')
    throw badInput('cli.usage', 'There is nothing to compare: both sides are `none`.', {
      todo: 'Name a report on at least one side.',
    });
  const [before, after] = [
    base === 'none' ? null : await openReport(base, cwd),
    head === 'none' ? null : await openReport(head, cwd),
  ];
  const comparison = compareReports(before?.report ?? null, after?.report ?? null);
  const text = format === 'json' ? `${jsonText(comparison)}\n` : comparisonMarkdown(comparison, { base, head });
  if (out === undefined) print(text);
  else await writeFileAtomically(path.resolve(cwd, out), text, { allowed: { root: cwd, folders: [] } });
  return EXIT.ok;
}
