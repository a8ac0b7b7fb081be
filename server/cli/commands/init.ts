import { stat } from 'node:fs/promises';
import path from 'node:path';
import { Command, Option } from 'commander';
import { configText } from '../../engine/config/default-config';
import { headerOf } from '../../engine/data/formats/registry';
import { contains } from '../../engine/files/confine';
import { shellWord } from '../../protocol/text/shell-word';
import { readBytes } from '../../engine/files/read';
import { sniffFile } from '../../engine/files/sniff';
import { writeFileOnce } from '../../engine/files/write';
import { checkModelFile, formatOf } from '../../engine/model/formats/registry';
import { refuseOtherModel } from '../../engine/model/formats/other-model';
import { named } from '../../protocol/text/plain';
import { sourceFiles, withPaths, type DataSource } from '../../protocol/data-source';
import { badInput } from '../../protocol/errors';
import { conclude } from '../exit';
import { baseName, integer, TRIGGER_KINDS, typedSource, type TriggerKind } from '../parsers';
import { CONFIG_FILE, MOST_MODEL_BYTES } from '../../protocol/files';
import { modelName } from '../../engine/config/scan-inputs';
import { print, say } from '../output/print';

interface InitFlags {
  train: string[];
  test: string[];
  trigger: TriggerKind | 'none';
  target: number;
  name?: string;
}

/** `fine-prune init`. */
export function initCommand(): Command {
  return new Command('init')
    .description('Write a defense config beside a model, with the reference set-up and a comment for each field.')
    .argument('<model>', 'the TF.js Layers model.json to defend')
    .requiredOption('--train <files...>', 'clean training data: images and labels')
    .requiredOption('--test <files...>', 'clean test data: images and labels')
    .addOption(
      new Option('--trigger <kind>', 'the trigger, as far as it is known')
        .choices([...TRIGGER_KINDS, 'none'])
        .default('none'),
    )
    .option('--target <class>', "the trigger's target class", integer(0), 0)
    .option(
      '--name <name>',
      "base name of the config (default: the model's, or its folder's for a model.json)",
      baseName,
    )
    .addHelpText(
      'after',
      `
Examples:
  $ fine-prune init model.json --train train-images.gz train-labels.gz --test t10k-images.gz t10k-labels.gz
  $ fine-prune init model.json --train X.idx Y.idx --test x.idx y.idx --trigger patch --target 0`,
    )
    .action((model: string, flags: InitFlags) => conclude(false, () => init(model, flags)));
}

async function init(model: string, flags: InitFlags): Promise<number> {
  const modelPath = path.resolve(model);
  const folder = path.dirname(modelPath);
  const cwd = process.cwd();
  const splits = {
    train: await typedSource('--train', flags.train, cwd),
    test: await typedSource('--test', flags.test, cwd),
  };
  await refuseOtherModel(modelPath);
  await mustExist(modelPath, 'model');
  await checkModelFile(modelPath, { strict: true });
  for (const [role, source] of Object.entries(splits)) {
    for (const { path: file, what } of sourceFiles(source)) await mustExist(file, `${role} ${what}`);
    await headerOf(source, role);
  }
  const beside = (file: string): string => path.relative(folder, file).split(path.sep).join('/');
  const text = configText({
    model: path.basename(modelPath),
    train: withPaths(splits.train, beside),
    test: withPaths(splits.test, beside),
    trigger: flags.trigger === 'none' ? null : { kind: flags.trigger, target: flags.target },
  });
  const config = path.join(folder, CONFIG_FILE.named(flags.name ?? modelName(modelPath)));
  await writeNew(config, text, cwd);
  const shown = path.relative(cwd, config);
  const allowed = foldersToAllow(config, Object.values(splits), cwd).map((dir) => ` --allow ${shellWord(dir)}`);
  print(`Wrote ${shown}\nRun it: fine-prune run ${shellWord(shown)}${allowed.join('')}\n`);
  const unfetched = await pointers(modelPath);
  if (unfetched.length)
    say(
      `warning The weights of the model are missing: ${unfetched.map((name) => named(name)).join(', ')} ${unfetched.length === 1 ? 'is a Git LFS pointer' : 'are Git LFS pointers'}, not fetched.\n  → Run \`git lfs pull\` before you run the config.\n`,
    );
  return 0;
}

/** Folders of data that a run of the config reads only when they are allowed, relative to the current one. */
function foldersToAllow(config: string, sources: readonly DataSource[], cwd: string): string[] {
  const root = contains(cwd, config) ? cwd : path.dirname(config);
  const folders = sources.flatMap((source) => sourceFiles(source).map(({ path: file }) => path.dirname(file)));
  return [...new Set(folders)].filter((dir) => !contains(root, dir)).map((dir) => path.relative(cwd, dir) || '.');
}

/** Weight files of a model in whose place Git LFS pointers lie. */
async function pointers(modelPath: string): Promise<string[]> {
  const found: string[] = [];
  const format = await formatOf(modelPath);
  for (const shard of format.weightFiles(await readBytes(modelPath, MOST_MODEL_BYTES), path.basename(modelPath))) {
    const file = path.resolve(path.dirname(modelPath), shard);
    const info = await stat(file).catch(() => null);
    if (info?.isFile() && (await sniffFile(file))?.kind === 'lfs-pointer') found.push(shard);
  }
  return found;
}

async function mustExist(file: string, what: string): Promise<void> {
  const info = await stat(file).catch(() => null);
  if (!info?.isFile())
    throw badInput('cli.notFound', `The file of the ${what} is missing.`, { file, todo: 'Correct the path.' });
}

async function writeNew(file: string, text: string, cwd: string): Promise<void> {
  if (await writeFileOnce(file, text, { allowed: { root: cwd, folders: [] } })) return;
  // A config that somebody has written by hand is never replaced.
  throw badInput('cli.configExists', 'This config already exists and was not changed.', {
    file,
    todo: 'Edit it, or choose another --name.',
  });
}
