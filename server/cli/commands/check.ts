import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { Command, Option } from 'commander';
import { appendToFile, writeFileAtomically } from '../../engine/files/write';
import { badInput } from '../../protocol/errors';
import type { CheckLevel } from '../../protocol/report/review';
import { withCancellation } from '../cancellation';
import type { WholeCheck } from '../check/whole';
import { conclude, EXIT } from '../exit';
import { wantsColour } from '../output/paint';
import { collect } from '../parsers';
import { REPORT_FILE, REVIEW_FILE } from '../../protocol/files';
import { print } from '../output/print';
import { jsonText } from '../../protocol/text/json-text';

interface CheckFlags {
  measure?: boolean;
  reproduce?: boolean;
  base?: string;
  policy?: string;
  config?: string;
  requireReports?: 'changed' | 'all';
  format?: 'text' | 'json' | 'md' | 'sarif';
  out?: string;
  sarif?: string;
  summary?: string;
  comment?: string;
  allow?: string[];
  backend?: 'auto' | 'native' | 'wasm';
  verbose?: boolean;
  json?: boolean;
}

/** `fine-prune check`. */
export function checkCommand(): Command {
  return new Command('check')
    .description('Check defense reports before they are merged, and say what a pass is based on.')
    .argument('[reports...]', `reports (${REPORT_FILE.pattern}); default: all below the current folder`)
    .option('--measure', 'evaluate the committed models again, without training, and compare every figure')
    .option('--reproduce', 'run the defense again as well, into a temporary folder, and compare')
    .option(
      '--base <ref>',
      'git revision whose gates and decisions count; what the change does to them is reported first',
    )
    .option(
      '--policy <file>',
      'file with gates and decisions for every report; with --base, a file in the repository is read from that revision',
    )
    .option('--config <file>', 'config of the one report that is named, if it is elsewhere and not found')
    .addOption(
      new Option(
        '--require-reports <which>',
        'fail for models that no checked report is about: those that are new or changed against the base, or all',
      ).choices(['changed', 'all']),
    )
    .addOption(new Option('--format <name>', 'output format').choices(['text', 'json', 'md', 'sarif']).default('text'))
    .option('--out <file>', 'write to this file instead of standard output')
    .option('--sarif <file>', 'also write SARIF to this file')
    .option(
      '--summary <file>',
      "append a Markdown summary to this file, within a forge's size limit (such as $GITHUB_STEP_SUMMARY)",
    )
    .option(
      '--comment <file>',
      'write the body of a pull-request comment to this file, with a marker to find the comment again',
    )
    .option('--allow <dir>', 'a folder outside the repository that data may be read from; may be repeated', collect)
    .addOption(
      new Option('--backend <name>', 'engine to measure with, whatever the config says')
        .choices(['auto', 'native', 'wasm'])
        .default('auto'),
    )
    .option('--verbose', 'also list the checks that passed')
    .option('--json', 'the same as --format json')
    .addHelpText(
      'after',
      `
Exit codes: 0 every report passed, 1 a gate missed or a check failed, 2 bad input, 3 engine failure, 130 cancelled
(143 by SIGTERM).

A missed gate passes when a decision in ${REVIEW_FILE.form} accepts it. With --base, only decisions that the base
revision has count.

Examples:
  $ fine-prune check                                     everything here: schema, hashes, figures
  $ fine-prune check --measure mnist${REPORT_FILE.ending}        evaluate the committed models again
  $ fine-prune check --measure --base origin/main        what a pull request must pass
  $ fine-prune check --base origin/main --sarif fine-prune.sarif --summary "$GITHUB_STEP_SUMMARY"`,
    )
    .action((reports: string[], flags: CheckFlags) =>
      conclude(flags.json ?? flags.format === 'json', () => check(reports, flags)),
    );
}

async function check(reports: readonly string[], flags: CheckFlags): Promise<number> {
  // What reads reports and models is loaded here, so that the other commands start without it.
  const { prepare } = await import('../check/prepare');
  const { createProgress } = await import('../output/progress');
  const cwd = await realpath(process.cwd());
  const level: CheckLevel = flags.reproduce ? 'reproduced' : flags.measure ? 'measured' : 'consistent';
  const progress = createProgress(process.stderr);
  const done = await (async () => {
    const { context, targets, orphans } = await prepare(reports, {
      cwd,
      level,
      base: flags.base,
      policy: flags.policy,
      required: flags.requireReports,
      config: flags.config,
      allowed: (flags.allow ?? []).map((folder) => path.resolve(cwd, folder)),
      backend: flags.backend ?? 'auto',
      cancellable: (work) => withCancellation(progress.line, work),
      onEvent: progress.event,
    });
    const { checkWhole } = await import('../check/whole');
    return { whole: await checkWhole(targets, orphans, reports.length > 0, context), context };
  })().finally(progress.stop);
  await write(done.whole, done.context, flags, cwd);
  return done.whole.passed ? EXIT.ok : EXIT.gateMissed;
}

async function write(
  whole: WholeCheck,
  context: import('../check/context').CheckContext,
  flags: CheckFlags,
  cwd: string,
): Promise<void> {
  const format = flags.json ? 'json' : (flags.format ?? 'text');
  const { checkText } = await import('../check/answer/text');
  const { checkComment, checkSummary } = await import('../check/answer/markdown');
  const { checkSarif } = await import('../check/answer/sarif');
  const json = (value: unknown): string => `${jsonText(value)}\n`;
  const texts = {
    text: () =>
      checkText(whole, {
        verbose: flags.verbose ?? false,
        colour: flags.out === undefined && wantsColour(process.stdout, process.env),
        columns: process.stdout.columns ?? 100,
      }),
    json: () =>
      json({
        passed: whole.passed,
        asked: context.level,
        base: context.base && { ref: context.base.ref, commit: context.base.commit },
        reports: whole.reports.map(({ result }) => result),
        results: whole.results,
      }),
    md: () => checkSummary(whole),
    sarif: () => json(checkSarif(whole, context.repository)),
  };
  const allowed = { root: cwd, folders: [] };
  const put = (file: string, text: string): Promise<void> =>
    writeFileAtomically(path.resolve(cwd, file), text, { allowed });
  if (flags.out === undefined) print(texts[format]());
  else await put(flags.out, texts[format]());
  if (flags.sarif !== undefined) await put(flags.sarif, texts.sarif());
  if (flags.comment !== undefined) await put(flags.comment, checkComment(whole));
  if (flags.summary === '') throw badInput('cli.usage', '--summary needs a file.');
  // A step's summary may hold what other tools wrote: it is added to, never replaced.
  if (flags.summary !== undefined) await appendToFile(path.resolve(cwd, flags.summary), checkSummary(whole), allowed);
}
