import path from 'node:path';
import { Command, Option } from 'commander';
import { contains } from '../../engine/files/confine';
import { startEngine } from '../../jobs/engine-process';
import type { Strategy } from '../../protocol/config/config';
import type { RunOutcome, RunRequest } from '../../protocol/messages/engine';
import { withCancellation } from '../cancellation';
import { conclude, exitCodeOfReport } from '../exit';
import { findConfig } from '../find-config';
import { wantsColour } from '../output/paint';
import { collect, integer } from '../parsers';
import { createProgress } from '../output/progress';
import { summarize } from '../output/summary';
import { CONFIG_FILE, MODEL_FORM } from '../../protocol/files';
import { print, printJson } from '../output/print';

export interface RunFlags {
  out?: string;
  backend?: 'auto' | 'native' | 'wasm';
  fineTuneImages?: number;
  strategy?: Strategy;
  seed?: number;
  threads?: number;
  fullCurve?: boolean;
  allow?: string[];
  reportOnly?: boolean;
  json?: boolean;
}

/** `fine-prune run`. */
export function runCommand(): Command {
  return new Command('run')
    .description('Measure a model, prune and fine-tune it, measure it again; write the defended model and a report.')
    .argument(
      '[target]',
      `a defense config (${CONFIG_FILE.pattern}), a ${MODEL_FORM} with one beside it, or a folder with one; default: the current folder`,
    )
    .option('-o, --out <dir>', "folder for report and defended model (default: the config's folder)")
    .addOption(
      new Option('--backend <name>', 'engine to compute with, instead of the one in the config').choices([
        'auto',
        'native',
        'wasm',
      ]),
    )
    .addOption(
      new Option('--strategy <name>', 'how to repair the model, instead of the one in the config').choices([
        'fine-pruning',
        'fine-pruning-conv',
        'guided',
        'head-reset',
        'auto',
      ]),
    )
    .option('--fine-tune-images <n>', 'fine-tune on only this many images; the report states the number', integer(1))
    .option('--seed <n>', 'random seed, instead of the one in the config', integer(0, 4294967295))
    .option('--threads <n>', 'threads of the native engine, instead of the number in the config', integer(1, 64))
    .option('--full-curve', 'compute the pruning curve on all images, however long that takes')
    .option('--allow <dir>', 'a folder outside the current one that data may be read from; may be repeated', collect)
    .option('--report-only', 'exit with 0 even if a gate is missed')
    .option('--json', 'one JSON object on standard output, progress on standard error')
    .addHelpText(
      'after',
      `
Exit codes: 0 every gate met, 1 a gate missed or not measurable, 2 bad input, 3 engine failure, 130 cancelled
(143 by SIGTERM).

The model and its data are read from the current folder if the config is in it, otherwise from the config's folder;
--allow adds others.

Examples:
  $ fine-prune run                                  the only config in this folder
  $ fine-prune run models/mnist/model.json          the config beside this model
  $ fine-prune run mnist${CONFIG_FILE.ending} --out out --allow ~/datasets
  $ fine-prune run --backend wasm --fine-tune-images 20000
  $ fine-prune run --strategy auto                  try one repair after another
  $ fine-prune run --json --report-only | jq .report.verdict`,
    )
    .action((target: string | undefined, flags: RunFlags) => conclude(flags.json ?? false, () => run(target, flags)));
}

async function run(target: string | undefined, flags: RunFlags): Promise<number> {
  const cwd = process.cwd();
  const request = runRequest(await findConfig(target, cwd), flags, cwd);
  const progress = createProgress(process.stderr);
  const outcome = await withCancellation(progress.line, (signal) =>
    startEngine(request, { onEvent: progress.event, signal, startedFrom: 'a terminal' }),
  ).finally(progress.stop);
  show(outcome, flags.json ?? false, cwd);
  return exitCodeOfReport(outcome.report, flags.reportOnly ?? false);
}

/** What the engine is asked for, from a config and the flags of the command line. */
export function runRequest(config: string, flags: RunFlags, cwd: string): RunRequest {
  const { backend, fineTuneImages, seed, strategy, threads } = flags;
  return {
    config,
    ...(flags.out !== undefined && { out: path.resolve(cwd, flags.out) }),
    allowedFolders: (flags.allow ?? []).map((folder) => path.resolve(cwd, folder)),
    // The current folder is a terminal's workspace: whoever works there means what is in it.
    ...(contains(cwd, config) && { root: cwd }),
    overrides: {
      ...(backend !== undefined && { backend }),
      ...(fineTuneImages !== undefined && { fineTuneImages }),
      ...(seed !== undefined && { seed }),
      ...(strategy !== undefined && { strategy }),
      ...(threads !== undefined && { threads }),
      ...(flags.fullCurve && { curve: 'full' as const }),
    },
  };
}

function show({ report, files, backend, timings }: RunOutcome, json: boolean, cwd: string): void {
  if (json) {
    printJson({ report, files, backend, timings });
    return;
  }
  const shown = (file: string): string => (contains(cwd, file) ? path.relative(cwd, file) : file);
  const text = summarize(report, {
    files: {
      report: shown(files.report),
      markdown: shown(files.markdown),
      model: files.model === null ? null : shown(files.model),
    },
    backendWhy: backend.why,
    colour: wantsColour(process.stdout, process.env),
    columns: process.stdout.columns ?? 80,
  });
  print(`${text}\n`);
}
