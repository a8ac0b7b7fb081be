import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { baseName as baseNameOf } from '../../engine/config/read-config';
import { modelName, placedWithoutConfig, scanInputs } from '../../engine/config/scan-inputs';
import { contains } from '../../engine/files/confine';
import { shellWord } from '../../protocol/text/shell-word';
import { startScan } from '../../jobs/engine-process';
import { sourceFiles } from '../../protocol/data-source';
import { badInput } from '../../protocol/errors';
import type { ScanOutcome, ScanRequest } from '../../protocol/report/scan';
import { withCancellation } from '../cancellation';
import { conclude, exitCodeOfScan } from '../exit';
import { wantsColour } from '../output/paint';
import { baseName, classList, collect, integer, typedSource } from '../parsers';
import { createProgress } from '../output/progress';
import { summarizeScan } from '../output/scan-summary';
import { settingsOf } from '../scan-settings';
import { findScanTarget } from '../scan-target';
import { CONFIG_FILE, MODEL_FORM, SCAN_FILE } from '../../protocol/files';
import { print, printJson } from '../output/print';

export interface ScanFlags {
  clean?: string[];
  out?: string;
  name?: string;
  backend?: 'auto' | 'native' | 'wasm';
  threads?: number;
  seed?: number;
  scale?: number;
  mean?: number[];
  std?: number[];
  classes?: number[];
  allow?: string[];
  /** False for `--no-cache`. */
  cache?: boolean;
  reportOnly?: boolean;
  json?: boolean;
}

/** `fine-prune scan`. */
export function scanCommand(): Command {
  return new Command('scan')
    .description(
      'Search a model for backdoors without knowing a trigger: find the smallest trigger for each class, and which classes stand out.',
    )
    .argument(
      '[target]',
      `a ${MODEL_FORM}, a defense config (${CONFIG_FILE.pattern}), or a folder with one; default: the current folder`,
    )
    .option('--clean <files...>', "clean images and labels (default: the training data of the model's config)")
    .option('-o, --out <dir>', "folder for the result (default: the config's, or the model's)")
    .option(
      '--name <name>',
      `base name of the result, ${SCAN_FILE.form} (default: the config's, or the model's)`,
      baseName,
    )
    .addOption(
      new Option('--backend <name>', 'engine to compute with, instead of the one in the config').choices([
        'auto',
        'native',
        'wasm',
      ]),
    )
    .option('--threads <n>', 'threads of the native engine, instead of the number in the config', integer(1, 64))
    .option(
      '--seed <n>',
      'seed of the images and of the searches, instead of the one in the config',
      integer(0, 4294967295),
    )
    .option('--scale <factor>', 'factor that maps a stored pixel to [0, 1], instead of the one in the config', positive)
    .option(
      '--mean <numbers>',
      'mean subtracted after scaling: one number, or one per channel, separated by commas',
      numbers,
    )
    .option('--std <numbers>', 'standard deviation to divide by after that, in the same form', positives)
    .option(
      '--classes <list>',
      'search only these classes, such as 0,3,7 or 0-9; the time grows with their number (default: all)',
      classList,
    )
    .option(
      '--allow <dir>',
      'a folder outside the current one that a config may read data from; may be repeated',
      collect,
    )
    .option('--no-cache', 'search again, even if the same bytes were scanned before')
    .option('--report-only', 'exit with 0 even if a class is suspicious')
    .option('--json', 'one JSON object on standard output, progress on standard error')
    .addHelpText(
      'after',
      `
Exit codes: 0 nothing found, 1 suspicious, 2 not measurable or bad input, 3 engine failure, 130 cancelled
(143 by SIGTERM).

A scan never says that a model is clean: it says what was tried. docs/scan.md explains how it decides, and what it can't find.

Examples:
  $ fine-prune scan model.json                                        clean data from the config beside it
  $ fine-prune scan model.json --clean images.gz labels.gz            no config needed
  $ fine-prune scan mnist${CONFIG_FILE.ending} --out out --no-cache
  $ fine-prune scan model.json --clean X.gz Y.gz --classes 0-9        for a model with many classes
  $ fine-prune scan --json --report-only | jq .report.scan.suspects`,
    )
    .action((target: string | undefined, flags: ScanFlags) => conclude(flags.json ?? false, () => scan(target, flags)));
}

async function scan(target: string | undefined, flags: ScanFlags): Promise<number> {
  const cwd = process.cwd();
  const { request, placed, next, pixels } = await planScan(target, flags, cwd);
  const progress = createProgress(process.stderr);
  if (pixels !== null) progress.line(`Pixels: ${pixels}.`);
  const outcome = await withCancellation(progress.line, (signal) =>
    startScan(request, { onEvent: progress.event, signal, startedFrom: 'a terminal' }),
  )
    .catch((error: unknown) => {
      throw placed(error);
    })
    .finally(progress.stop);
  show(outcome, { next, pixels }, flags.json ?? false, cwd);
  return exitCodeOfScan(outcome.report.scan.word, flags.reportOnly ?? false);
}

interface PlannedScan {
  request: ScanRequest;
  /** Adds to a failure the file and the place that are at fault: of the config, or of the files that were typed. */
  placed(error: unknown): unknown;
  /** What to type to have the model repaired. */
  next: string;
  /** Where scale, mean and std are from, where clean data were given; null where a config or the command line has them all. */
  pixels: string | null;
}

/**
 * What the engine is asked for, from the target and the flags of the command line.
 * @throws FinePruneError `cli.…`, or of the config
 */
export async function planScan(target: string | undefined, flags: ScanFlags, cwd: string): Promise<PlannedScan> {
  const clean = flags.clean && (await typedSource('--clean', flags.clean, cwd));
  const found = await findScanTarget(target, cwd, clean !== undefined);
  const beyond = (flags.allow ?? []).map((folder) => path.resolve(cwd, folder));
  const known = found.config === undefined && clean ? await settingsOf(found.naming) : null;
  const config = found.config ?? known?.config ?? undefined;
  const subject = config ?? found.model!;
  // The current folder is a terminal's workspace: whoever works there means what is in it.
  const root = contains(cwd, subject) ? cwd : path.dirname(subject);
  const inputs =
    found.config === undefined
      ? undefined
      : await scanInputs(found.config, { root, allowedFolders: beyond, ownData: !clean });
  const settings = inputs ?? known?.settings;
  const chosen = clean ?? inputs?.clean;
  if (!chosen) throw badInput('cli.usage', 'No clean data was given.', { todo: 'Add --clean IMAGES LABELS.' });
  const request: ScanRequest = {
    model: inputs?.model ?? found.model!,
    clean: chosen,
    ...(inputs && !clean && { config: inputs.config }),
    ...pick(flags.scale ?? settings?.scale, flags.mean ?? settings?.mean, flags.std ?? settings?.std),
    ...(flags.classes && { classes: flags.classes }),
    out: {
      folder: path.resolve(cwd, flags.out ?? path.dirname(subject)),
      name: flags.name ?? (config === undefined ? modelName(subject) : baseNameOf(config)),
    },
    // What was typed is meant, wherever it lies.
    allowedFolders: [root, ...beyond, ...(clean ? sourceFiles(clean).map((file) => path.dirname(file.path)) : [])],
    seed: flags.seed ?? settings?.seed ?? 0,
    backend: flags.backend ?? settings?.backend ?? 'auto',
    threads: flags.threads ?? settings?.threads ?? 1,
    useCache: flags.cache ?? true,
  };
  const typeable = shellWord(contains(cwd, subject) ? path.relative(cwd, subject) : subject);
  return {
    request,
    placed: inputs && !clean ? inputs.placed : (error) => placedWithoutConfig(error, request),
    next:
      config === undefined
        ? `fine-prune init ${typeable} …, then fine-prune run ${typeable} --strategy auto`
        : `fine-prune run ${typeable} --strategy auto`,
    pixels: known && pixelsText(flags, known.told),
  };
}

/** Where scale, mean and std are from; null where the command line has them all. */
function pixelsText({ scale, mean, std }: ScanFlags, told: string): string | null {
  const given = Object.entries({ scale, mean, std }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${String(value)}`],
  );
  if (given.length === 3) return null;
  return given.length ? `${given.join(', ')} from the command line; the rest: ${told}` : told;
}

function pick(
  scale: number | undefined,
  mean: number[] | undefined,
  std: number[] | undefined,
): Pick<ScanRequest, 'scale' | 'mean' | 'std'> {
  return { ...(scale !== undefined && { scale }), ...(mean && { mean }), ...(std && { std }) };
}

function show(
  { report, file, cached, backend, timings }: ScanOutcome,
  { next, pixels }: Pick<PlannedScan, 'next' | 'pixels'>,
  json: boolean,
  cwd: string,
): void {
  if (json) {
    printJson({ report, file, cached, backend, timings, ...(pixels !== null && { pixels }) });
    return;
  }
  const text = summarizeScan(report, {
    file: file && (contains(cwd, file) ? path.relative(cwd, file) : file),
    cached,
    next,
    ...(pixels !== null && { pixels }),
    backendWhy: backend.why,
    colour: wantsColour(process.stdout, process.env),
    columns: process.stdout.columns ?? 80,
  });
  print(`${text}\n`);
}

function numbers(text: string): number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (!values.every(Number.isFinite))
    throw new InvalidArgumentError('Expected a number, or several separated by commas.');
  return values;
}

function positives(text: string): number[] {
  const values = numbers(text);
  if (values.some((value) => value <= 0)) throw new InvalidArgumentError('Expected numbers above 0.');
  return values;
}

function positive(text: string): number {
  const [value, ...more] = positives(text);
  if (value === undefined || more.length > 0) throw new InvalidArgumentError('Expected one number above 0.');
  return value;
}
