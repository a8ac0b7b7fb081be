import path from 'node:path';
import { readConfig } from '../../../server/engine/config/read-config';
import { openData } from '../../../server/engine/data/open-data';
import { sniffFile } from '../../../server/engine/files/sniff';
import { checkModelFile, formatOf, openModel } from '../../../server/engine/model/formats/registry';
import { readPattern } from '../../../server/engine/triggers/png';
import { openReport, reviewBeside } from '../../../server/cli/open-report';
import { FinePruneError } from '../../../server/protocol/errors';
import { below, textOf, type Kind, type Opened } from '../case';
import type { Chance } from '../chance';
import { HOSTILE } from '../mutate/hostile';
import { DATA } from './model';
import { checked } from './report';

/** Names that try to be more than names. */
const NAMES = [
  '\u001b[31mred',
  'line\nbreak',
  '\u202egnp',
  '-rf',
  ' ',
  '`id`',
  '$(id)',
  'a\tb',
  '\u0085',
  '🎈',
  'x'.repeat(200),
  '%s',
  '<b>',
  '|',
  '..',
];

/** A project with something in the place of a file that is no file, or leads elsewhere; or with hostile names. */
export const place: Kind = {
  name: 'place',
  weight: 4,
  make(chance, corpus) {
    const how: string[] = [];
    const files = below(corpus, 'project');
    files.set('small.defense-review.json', Buffer.from(textOf(corpus, 'former/known.defense-review.json')));
    files.set('small.scan.json', Buffer.from(textOf(corpus, 'scans/suspicious.scan.json')));
    files.set('policy.json', Buffer.from(textOf(corpus, 'former/policy.json')));
    if (chance.happens(0.15))
      return { files: named(files, chance, how), hostile: [], main: 'small.fineprune.json', how };
    const name = chance.pick([...files.keys(), 'small.defended', '.small.fineprune.lock', 'data']);
    const hostile = [{ kind: chance.pick(HOSTILE), path: name }];
    how.push(`${hostile[0]!.kind} in the place of ${name}`);
    if (name === 'data') for (const file of [...files.keys()]) if (file.startsWith('data/')) files.delete(file);
    return { files, hostile, main: name, how };
  },
  readers: { direct, project, check },
  names: (reader, file) =>
    reader === 'direct' || file === (reader === 'check' ? 'policy.json' : 'small.fineprune.json'),
  commands: [
    () => ['check', '--json', '--policy', 'policy.json'],
    () => ['run', 'small.fineprune.json', '--report-only', '--backend', 'wasm'],
    () => ['run', 'small.fineprune.json', '--report-only', '--backend', 'wasm'],
    () => ['scan', 'small.fineprune.json', '--backend', 'wasm', '--classes', '0', '--no-cache'],
    () => ['textconv', 'model.json'],
    () => ['textconv', 'weights-1-1.bin'],
    () => ['report', 'small.defense.json', '--out', 'small.defense.md'],
    () => ['compare', 'small.defense.json', 'none', '--out', 'small.defense.md'],
    () => ['init', 'model.json', '--train', ...DATA('train'), '--test', ...DATA('t10k'), '--name', 'small'],
  ],
  language: 'json',
};

/** The same files beside copies under another name; or with another name alone. */
function named(files: Map<string, Uint8Array>, chance: Chance, how: string[]): Map<string, Uint8Array> {
  const name = chance.pick(NAMES);
  how.push(`files called ${JSON.stringify(name).slice(0, 40)}`);
  const alone = chance.happens(0.5);
  return new Map(
    [...files].flatMap(([file, bytes]) => {
      const other = file.startsWith('small') ? `${name}${file.slice('small'.length)}` : file;
      return alone ? [[other, bytes] as const] : [[file, bytes] as const, [other, bytes] as const];
    }),
  );
}

/** Of several readings each one's outcome: a code for each. */
async function outcomes(readings: readonly (() => Promise<unknown>)[]): Promise<string> {
  const words: string[] = [];
  for (const reading of readings) {
    try {
      await reading();
      words.push('ok');
    } catch (error) {
      if (!(error instanceof FinePruneError)) throw error;
      words.push(error.code);
    }
  }
  return words.join(' ');
}

/** The thing itself, as a person may name it. */
async function direct({ file }: Opened): Promise<string> {
  const dispose = (): Promise<void> => openModel(file).then((opened) => opened.dispose());
  const name = path.basename(file);
  if (name === 'model.json')
    return outcomes([
      () => formatOf(file),
      () => checkModelFile(file, { strict: true }),
      async () => (await formatOf(file)).hashes.ofFiles(file),
      dispose,
    ]);
  if (/png$/.test(name)) return outcomes([() => sniffFile(file), () => readPattern(file, 1, () => null)]);
  if (/ubyte|bin$/.test(name)) return outcomes([() => sniffFile(file)]);
  if (/defense\.json$/.test(name))
    return outcomes([async () => reviewBeside(await openReport(file, path.dirname(file)))]);
  if (/fineprune\.json$/.test(name)) return outcomes([() => readConfig(file)]);
  return outcomes([() => sniffFile(file)]);
}

/** What a run opens. */
async function project({ folder }: Opened): Promise<string> {
  return outcomes([
    async () => {
      const { modelPath } = await readConfig(path.join(folder, 'small.fineprune.json'), { root: folder });
      (await openModel(modelPath, { root: folder })).dispose();
    },
    async () => {
      const { config, resolve } = await readConfig(path.join(folder, 'small.fineprune.json'), { root: folder });
      await openData(config, resolve);
    },
  ]);
}

async function check({ folder }: Opened): Promise<string> {
  const ids = new Set<string>();
  const words = await outcomes([
    async () => {
      for (const { result } of await checked(folder, 'policy.json'))
        for (const { id, outcome } of result.results) if (outcome !== 'pass') ids.add(id);
    },
  ]);
  return `${words} ${[...ids].sort().slice(0, 5).join(' ')}`;
}
