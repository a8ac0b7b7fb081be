import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openModel, storageOf, checkModelFile, formatOf } from '../../../server/engine/model/formats/registry';
import { hashesNow } from '../../../server/engine/model/identity';
import { below, must, textOf, type Corpus, type Kind, type Opened } from '../case';
import type { Chance } from '../chance';
import { drawnNetwork, networkFiles, plainNetwork } from '../corpus/networks';
import { changeBytes, changePointer } from '../mutate/bytes';
import { pattern } from '../outcome';
import { changeDocument } from '../mutate/document';

/** Images and labels of a split. */
export const DATA = (role: 'train' | 't10k'): string[] =>
  ['images-idx3', 'labels-idx1'].map((name) => `data/${role}-${name}-ubyte`);

/** What a model says of its layers and of its weights. */
const TELLING = /layers\/\d+\/(class_name|name|config\/|inbound_nodes)|weightsManifest\/|output_layers|input_layers/;

/** A TF.js Layers model: model.json and its weight files. */
export const model: Kind = {
  name: 'model',
  weight: 5,
  make(chance, corpus) {
    const how: string[] = [];
    const { text, files, others } = subject(chance, corpus);
    const [first] = files.keys();
    const mode = chance.integer(10);
    let json: Uint8Array = Buffer.from(text);
    if (mode < 5) json = changeDocument(text, chance, how, TELLING);
    else if (mode < 7) json = Buffer.from(changedManifest(text, chance, how));
    if (mode === 7 || mode === 8) {
      const name = chance.pick([...files.keys()]);
      how.push(name);
      files.set(name, changeBytes(files.get(name)!, chance, how, others));
    } else if (mode === 9) {
      how.push('a pointer');
      files.set(first!, changePointer(files.get(first!)!.length, chance));
    }
    if (chance.happens(0.1)) {
      const name = chance.pick([...files.keys()]);
      files.set(name, special(files.get(name)!, chance));
      how.push(`special floats in ${name}`);
    }
    files.set('model.json', json);
    return { files, hostile: [], main: 'model.json', how };
  },
  readers: { format, summary, check, hashes, text, weights, open },
  beside: /^data\//,
  commands: [
    (main) => ['textconv', main],
    () => ['textconv', 'weights-1-1.bin'],
    (main) => ['init', main, '--train', ...DATA('train'), '--test', ...DATA('t10k'), '--name', 'made'],
    (main) => ['scan', main, '--clean', ...DATA('t10k'), '--backend', 'wasm', '--no-cache', '--classes', '0'],
  ],
  language: 'json',
};

/** The model of the project, or one that is drawn. */
function subject(
  chance: Chance,
  corpus: Corpus,
): { text: string; files: Map<string, Uint8Array>; others: Uint8Array[] } {
  const others = [...corpus.values()].filter(({ length }) => length < 10_000);
  if (chance.happens(0.15)) {
    const project = below(corpus, 'project');
    const files = new Map([...project].filter(([name]) => name.endsWith('.bin')));
    return { text: textOf(corpus, 'project/model.json'), files, others };
  }
  const cuts = { groups: chance.between(1, 2), files: chance.between(1, 3) };
  const { json, files } = networkFiles(chance.happens(0.2) ? plainNetwork() : drawnNetwork(chance), chance, cuts);
  return { text: JSON.stringify(json, null, chance.pick([0, 2])), files: new Map(files), others };
}

/** A manifest that does not fit its files, or fits them in another way. */
function changedManifest(text: string, chance: Chance, how: string[]): string {
  const value = JSON.parse(text) as {
    weightsManifest: {
      paths: string[];
      weights: { name: string; shape: number[]; dtype: string; quantization?: object }[];
    }[];
  };
  const group = chance.pick(value.weightsManifest);
  const tensor = group.weights.length ? chance.pick(group.weights) : { name: 'none', shape: [1], dtype: 'float32' };
  const [name, change] = chance.pick<[string, () => unknown]>([
    ['tensors in another order', () => (group.weights = chance.shuffled(group.weights))],
    ['files in another order', () => group.paths.reverse()],
    ['groups in another order', () => value.weightsManifest.reverse()],
    ['names exchanged', () => ([tensor.name, group.weights[0]!.name] = [group.weights[0]!.name, tensor.name])],
    ['a name with a suffix', () => (tensor.name += ':0')],
    ['a name with scopes', () => (tensor.name = `${'scope/'.repeat(chance.pick([1, 30, 160]))}${tensor.name}`)],
    ['a tensor twice', () => group.weights.push(structuredClone(tensor))],
    ['an empty tensor', () => group.weights.push({ name: 'empty', shape: [0], dtype: 'float32' })],
    ['an endless shape', () => (tensor.shape = Array.from({ length: chance.pick([5, 100, 100_000]) }, () => 1))],
    ['a huge shape', () => (tensor.shape = [chance.pick([2 ** 31, 2 ** 40, 2 ** 53]), 0])],
    [
      'another type',
      () => (tensor.dtype = chance.pick(['int32', 'uint8', 'bool', 'complex64', 'string', 'float16', 'bfloat16', ''])),
    ],
    [
      'quantised',
      () => (tensor.quantization = { dtype: chance.pick(['uint8', 'uint16', 'float16']), min: -1, scale: 0.01 }),
    ],
    ['a file twice', () => group.paths.push(group.paths[0]!)],
    ['a file of the same name', () => group.paths.push(`./${group.paths[0]!}`)],
    [
      'many tensors',
      () =>
        group.weights.push(
          ...Array.from({ length: chance.pick([2_000, 20_000]) }, (_, at) => ({
            name: `${at}/kernel`,
            shape: [0],
            dtype: 'float32',
          })),
        ),
    ],
    [
      'many tensors of one ending',
      () =>
        group.weights.push(
          ...Array.from({ length: chance.pick([2_000, 20_000]) }, (_, at) => ({
            name: `s${at}/conv_1/kernel`,
            shape: [0],
            dtype: 'float32',
          })),
        ),
    ],
    [
      'many files',
      () => group.paths.push(...Array.from({ length: chance.pick([200, 5_000]) }, (_, at) => `no-${at}.bin`)),
    ],
    [
      'many groups',
      () => value.weightsManifest.push(...Array.from({ length: 5_000 }, () => ({ paths: [], weights: [] }))),
    ],
  ]);
  how.push(name);
  change();
  return JSON.stringify(value);
}

/** Weights that are no numbers, or hardly. */
function special(bytes: Uint8Array, chance: Chance): Uint8Array {
  const changed = Buffer.from(bytes);
  const value = chance.pick([NaN, Infinity, -Infinity, 3.4e38, 1e-45, -0]);
  for (let at = 0; at + 4 <= changed.length; at += 4 * chance.between(1, 8)) changed.writeFloatLE(value, at);
  return changed;
}

async function format({ file }: Opened): Promise<string> {
  return (await formatOf(file)).id;
}

async function summary({ file }: Opened): Promise<string> {
  const { problem, layers } = (await formatOf(file)).summary(readFileSync(file, 'utf8'), file);
  return problem ? `problem ${problem.code} ${pattern(problem.place)}` : `${layers.length > 0 ? 'some' : 'no'} layers`;
}

async function check({ file }: Opened): Promise<string> {
  await checkModelFile(file, { strict: true });
  return 'a model';
}

async function hashes({ file }: Opened): Promise<string> {
  const { hashes: known } = await formatOf(file);
  const { topology } = await known.ofFiles(file);
  must(
    known.topologyOf(readFileSync(file), 'model.json') === topology,
    'the topology is the same with and without weights',
  );
  return 'hashed';
}

async function text({ file, folder }: Opened): Promise<string> {
  const { text: texts, weightFiles } = await formatOf(file);
  const content = readFileSync(file);
  const names = weightFiles(content, 'model.json');
  const plain = texts.ofModel(content, null, 'model.json');
  must(texts.ofModel(content, null, 'model.json') === plain, 'the same model gives the same text');
  must(!plain.includes(folder), 'a text names no folder of this machine');
  return `${names.length > 3 ? 'many' : names.length} weight files`;
}

async function weights({ file, folder }: Opened): Promise<string> {
  const { text: texts } = await formatOf(file);
  const content = readFileSync(file);
  const shard = readFileSync(path.join(folder, 'weights-1-1.bin'));
  const place = texts.ofWeightFile!.placeOf(content, 'model.json', 'weights-1-1.bin', shard.length, () => null);
  if (!place) return 'no place';
  texts.ofWeightFile!.text(content, place, shard, 'model.json');
  return 'a text';
}

/** What opens is what was hashed, and is saved with the same bytes. */
async function open({ file, folder, out }: Opened): Promise<string> {
  const opened = await openModel(file, { root: folder });
  try {
    const storage = await storageOf(opened);
    const { hashes: known } = await formatOf(file);
    const [ofFiles, ofModel] = [await known.ofFiles(file), hashesNow(opened)];
    must(
      JSON.stringify(ofFiles) === JSON.stringify(opened.hashes),
      'hashes of the files are those of the opened model',
    );
    must(
      JSON.stringify(ofModel) === JSON.stringify(opened.hashes),
      'hashes of the unchanged model are those of its files',
    );
    const saved = await storage.save(opened, out);
    must(readFileSync(saved.path).equals(readFileSync(file)), 'a saved model.json is the one that was read');
    for (const shard of opened.source.files.flat())
      must(
        readFileSync(path.join(out, shard.path)).equals(readFileSync(path.join(folder, shard.path))),
        'unchanged weights are saved byte for byte',
      );
    return 'opened';
  } finally {
    opened.dispose();
  }
}
