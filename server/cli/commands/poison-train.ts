import path from 'node:path';
import { Command, Option } from 'commander';
import { contains } from '../../engine/files/confine';
import { startPoisonTrain } from '../../jobs/engine-process';
import type { PoisonTrainOutcome, PoisonTrainRequest } from '../../protocol/messages/engine';
import { badInput } from '../../protocol/errors';
import { withCancellation } from '../cancellation';
import { conclude, EXIT } from '../exit';
import {
  baseName,
  defaultTrigger,
  integer,
  share,
  shareOrNone,
  typedSource,
  TRIGGER_KINDS,
  type TriggerKind,
} from '../parsers';
import { createProgress } from '../output/progress';
import { percent } from '../output/summary';
import { print, printJson } from '../output/print';

interface PoisonTrainFlags extends Pick<
  PoisonTrainRequest,
  'poisonRate' | 'noiseRate' | 'pruningAware' | 'seed' | 'epochs' | 'batchSize' | 'learningRate' | 'backend' | 'threads'
> {
  train: string[];
  test: string[];
  out: string;
  name?: string;
  arch?: string;
  trigger: TriggerKind;
  target: number;
  json?: boolean;
}

/** `fine-prune poison-train`. */
export function poisonTrainCommand(): Command {
  return new Command('poison-train')
    .description(
      'Train a backdoored model from scratch, to test defenses on: the reference SimpleCNN, or the layers of a model.json.',
    )
    .requiredOption('--train <files...>', 'clean training data: images and labels (IDX, plain or gzip)')
    .requiredOption('--test <files...>', 'clean test data: images and labels')
    .requiredOption('-o, --out <dir>', 'folder for model, config and card')
    .option('--name <name>', "base name of config and card (default: the folder's)", baseName)
    .option('--arch <model.json>', 'use the layers of this model, with newly initialised weights')
    .addOption(
      new Option('--trigger <kind>', 'what is stamped on the poisoned images')
        .choices([...TRIGGER_KINDS])
        .default('patch'),
    )
    .option('--target <class>', 'class that the poisoned images are labelled as', integer(0), 0)
    .option('--poison-rate <share>', 'share of the training images to poison; 0 trains a clean model', shareOrNone, 0.1)
    .option(
      '--noise-rate <share>',
      'share that is warped with noise but keeps its true labels, for --trigger warped',
      shareOrNone,
      0,
    )
    .option(
      '--pruning-aware <share>',
      'hide the backdoor from pruning: share of the units that come back as decoys',
      share(1, false),
    )
    .option('--seed <n>', 'random seed', integer(0, 4294967295), 0)
    .option('--epochs <n>', 'passes over the training images', integer(1, 1000), 3)
    .option('--batch-size <n>', 'images per step', integer(1, 8192), 64)
    .option('--learning-rate <rate>', "Adam's learning rate", share(1, true), 0.001)
    .addOption(
      new Option('--backend <name>', 'engine to compute with').choices(['auto', 'native', 'wasm']).default('auto'),
    )
    .option('--threads <n>', 'threads of the native engine', integer(1, 64), 1)
    .option('--json', 'one JSON object on standard output, progress on standard error')
    .addHelpText(
      'after',
      `
Examples:
  $ fine-prune poison-train --train train-images.gz train-labels.gz --test t10k-images.gz t10k-labels.gz --out badnets
  $ fine-prune poison-train --train X.idx Y.idx --test x.idx y.idx --out sig --trigger sinusoidal --target 3 --seed 1
  $ fine-prune poison-train --train X.idx Y.idx --test x.idx y.idx --out wanet --trigger warped --noise-rate 0.2 --epochs 6`,
    )
    .action((flags: PoisonTrainFlags) => conclude(flags.json ?? false, () => poisonTrain(flags)));
}

async function poisonTrain(flags: PoisonTrainFlags): Promise<number> {
  const cwd = process.cwd();
  const request = await poisonTrainRequest(flags, cwd);
  const progress = createProgress(process.stderr);
  const outcome = await withCancellation(progress.line, (signal) =>
    startPoisonTrain(request, { onEvent: progress.event, signal, startedFrom: 'a terminal' }),
  ).finally(progress.stop);
  if (flags.json) printJson(outcome);
  else print(describe(outcome, request.poisonRate === 0, cwd));
  return EXIT.ok;
}

/** What the engine is asked for, from the flags of the command line. */
export async function poisonTrainRequest(flags: PoisonTrainFlags, cwd: string): Promise<PoisonTrainRequest> {
  const out = path.resolve(cwd, flags.out);
  const { poisonRate, noiseRate, pruningAware, seed, epochs, batchSize, learningRate, backend, threads } = flags;
  if (poisonRate + (noiseRate ?? 0) > 1)
    throw badInput(
      'cli.usage',
      `--poison-rate ${poisonRate} and --noise-rate ${noiseRate} add up to more than all images.`,
      { todo: 'Lower one of them.' },
    );
  return {
    train: await typedSource('--train', flags.train, cwd),
    test: await typedSource('--test', flags.test, cwd),
    out,
    name: flags.name ?? path.basename(out),
    root: cwd,
    ...(flags.arch !== undefined && { arch: path.resolve(cwd, flags.arch) }),
    trigger: defaultTrigger(flags.trigger, flags.target),
    ...(noiseRate && { noiseRate }),
    ...(pruningAware !== undefined && { pruningAware }),
    ...{ poisonRate, seed, epochs, batchSize, learningRate, backend, threads },
  };
}

function describe(
  { files, cleanAccuracy, attackSuccessRate }: PoisonTrainOutcome,
  clean: boolean,
  cwd: string,
): string {
  const shown = (file: string): string => (contains(cwd, file) ? path.relative(cwd, file) : file);
  return [
    `${clean ? 'Clean' : 'Backdoored'} model: clean accuracy ${percent(cleanAccuracy.rate)} (${cleanAccuracy.hits} of ${cleanAccuracy.of}), ASR ${percent(attackSuccessRate.rate)} (${attackSuccessRate.hits} of ${attackSuccessRate.of})`,
    `Model    ${shown(files.model)}`,
    `Config   ${shown(files.config)}`,
    `Card     ${shown(files.card)}`,
    `Defend it: fine-prune run ${shown(files.config)}`,
    '',
  ].join('\n');
}
