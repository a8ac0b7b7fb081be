import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PNG } from 'pngjs';
import { encodeIdx } from '../../../server/engine/data/formats/idx/encode';
import { serialiseReport } from '../../../server/engine/report/json/serialise';
import { startEngine } from '../../../server/jobs/engine-process';
import { exampleText } from '../../fixtures/example-report';
import { FORMER_FOLDER } from '../../fixtures/former';
import { guidedPruningReport, repairedReport } from '../../fixtures/repaired-report';
import { scanReport, scanText, knownScan, unknownScan } from '../../fixtures/scan-report';
import { trained } from '../../fixtures/trained';
import { unmetReport } from '../../fixtures/unmet-report';
import { built } from '../../harness/built';
import type { Corpus } from '../case';
import { Chance } from '../chance';
import { CLASSES, networkFiles, plainNetwork, plainWeights, SIDE } from './networks';

const CONFIG = `{
  // A whole project in some kilobytes.
  "model": "model.json",
  "data": {
    "train": { "images": "data/train-images-idx3-ubyte", "labels": "data/train-labels-idx1-ubyte" },
    "test": { "images": "data/t10k-images-idx3-ubyte", "labels": "data/t10k-labels-idx1-ubyte" },
    "holdout": 20
  },
  "trigger": { "kind": "patch", "target": 0, "size": [2, 2] },
  "fineTune": { "epochs": 1 },
  "gates": { "maxAttackSuccessRate": 1, "maxAccuracyDrop": 1 },
  "backend": "wasm"
}
`;

/** Images with a bright square whose place is their class, and their labels. */
function images(count: number, chance: Chance): { images: Uint8Array; labels: Uint8Array } {
  const labels = Uint8Array.from({ length: count }, (_, at) => at % CLASSES);
  const pixels = Uint8Array.from({ length: count * SIDE * SIDE }, (_, at) => {
    const [image, y, x] = [Math.floor(at / SIDE / SIDE), Math.floor(at / SIDE) % SIDE, at % SIDE];
    return (labels[image] === Math.floor(x / 3) && y > 2 && y < 6 ? 180 : 10) + chance.integer(40);
  });
  return { images: encodeIdx([count, SIDE, SIDE], pixels), labels: encodeIdx([count], labels) };
}

/** A grayscale and a colour picture, as triggers are. */
function picture(chance: Chance, colour: boolean): Uint8Array {
  const png = new PNG({ width: 3, height: 3, ...(colour ? {} : { colorType: 0 as const }) });
  for (let at = 0; at < png.data.length; at += 4) {
    const value = chance.integer(256);
    png.data.set([value, colour ? chance.integer(256) : value, value, 255], at);
  }
  return PNG.sync.write(png, colour ? {} : { colorType: 0 });
}

/** A project that the engine has run: model, data, config, report, Markdown, defended model. */
async function makeProject(folder: string): Promise<void> {
  const chance = new Chance(0, 'corpus', 0);
  const write = (name: string, content: string | Uint8Array): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  };
  const { json, files } = networkFiles(plainNetwork(), chance, { groups: 1, files: 2 }, plainWeights);
  write('model.json', JSON.stringify(json));
  for (const [name, bytes] of files) write(name, bytes);
  for (const [role, count] of [
    ['train', 120],
    ['t10k', 60],
  ] as const) {
    const set = images(count, chance);
    write(`data/${role}-images-idx3-ubyte`, set.images);
    write(`data/${role}-labels-idx1-ubyte`, set.labels);
  }
  write('small.fineprune.json', CONFIG);
  write('trigger.png', picture(chance, false));
  write('colour.png', picture(chance, true));
  await startEngine(
    { config: path.join(folder, 'small.fineprune.json'), root: folder, allowedFolders: [] },
    { onEvent: () => undefined, signal: new AbortController().signal, workerPath: built('worker') },
  );
}

/** Reports and scans of all that reports can say, as far as the tests have them. */
function otherTexts(): Map<string, string> {
  const former = readdirSync(FORMER_FOLDER).filter((name) => name.endsWith('.json') || name.endsWith('.md'));
  return new Map([
    ['reports/example.defense.json', exampleText()],
    ['reports/repaired.defense.json', serialiseReport(repairedReport())],
    ['reports/guided.defense.json', serialiseReport(guidedPruningReport())],
    ['reports/unmet.defense.json', serialiseReport(unmetReport())],
    ['scans/suspicious.scan.json', scanText()],
    ['scans/known.scan.json', scanText(scanReport(knownScan()))],
    ['scans/unknown.scan.json', scanText(scanReport(unknownScan()))],
    ...former.map((name): [string, string] => [`former/${name}`, readFileSync(path.join(FORMER_FOLDER, name), 'utf8')]),
  ]);
}

/** Makes the files that every input is made of, once for the sources as they are. @param folder must not exist yet */
export async function makeCorpus(folder: string): Promise<void> {
  await trained(folder, { CONFIG }, [__filename, path.join(__dirname, 'networks.ts')], async (into) => {
    await makeProject(path.join(into, 'project'));
    for (const [name, text] of otherTexts()) {
      mkdirSync(path.dirname(path.join(into, name)), { recursive: true });
      writeFileSync(path.join(into, name), text);
    }
  });
}

/** The corpus as it lies in a folder. */
export function readCorpus(folder: string): Corpus {
  const names = (readdirSync(folder, { recursive: true }) as string[])
    .map((name) => name.split(path.sep).join('/'))
    .sort();
  return new Map(
    names.flatMap((name) =>
      statSync(path.join(folder, name)).isFile()
        ? [[name, new Uint8Array(readFileSync(path.join(folder, name)))] as const]
        : [],
    ),
  );
}
