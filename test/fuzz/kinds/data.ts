import path from 'node:path';
import { readFileSync } from 'node:fs';
import { formatOf, headerOf, sourceOfFiles } from '../../../server/engine/data/formats/registry';
import { openSource } from '../../../server/engine/data/open-data';
import { HEAD_BYTES } from '../../../server/engine/files/file-kind';
import { encodeIdx } from '../../../server/engine/data/formats/idx/encode';
import { FinePruneError } from '../../../server/protocol/errors';
import { DEFAULT_FORMAT, type DataSource } from '../../../server/protocol/data-source';
import { bytesOf, must, type Corpus, type Kind, type Opened } from '../case';
import type { Chance } from '../chance';
import { bomb, changeBytes, changeGzip, changePointer } from '../mutate/bytes';
import { WORDS } from '../mutate/numbers';

const [IMAGES, LABELS] = ['images.idx', 'labels.idx'] as const;

/** Data as MNIST has it: a file of images and one of labels, plain or packed. */
export const data: Kind = {
  name: 'data',
  weight: 4,
  make(chance, corpus) {
    const how: string[] = [];
    const files = new Map<string, Uint8Array>([
      [IMAGES, bytesOf(corpus, 'project/data/t10k-images-idx3-ubyte')],
      [LABELS, bytesOf(corpus, 'project/data/t10k-labels-idx1-ubyte')],
    ]);
    for (let left = chance.pick([1, 1, 2]); left > 0; left--) {
      const name = chance.pick([IMAGES, LABELS]);
      how.push(name);
      files.set(name, changed(files.get(name)!, chance, how, corpus));
    }
    return { files, hostile: [], main: chance.pick([IMAGES, LABELS]), how };
  },
  readers: { match, header, open },
  beside: /^(model\.json|weights.*)$/,
  commands: [
    () => ['init', 'model.json', '--train', IMAGES, LABELS, '--test', IMAGES, LABELS, '--name', 'made'],
    () => ['scan', 'model.json', '--clean', IMAGES, LABELS, '--backend', 'wasm', '--no-cache'],
  ],
};

function changed(bytes: Uint8Array, chance: Chance, how: string[], corpus: Corpus): Uint8Array {
  const others = [...corpus.values()].filter(({ length }) => length < 20_000);
  switch (chance.integer(6)) {
    case 0:
      return changeGzip(bytes, chance, how);
    case 1:
      return changeGzip(changeBytes(bytes, chance, how, others), chance, how);
    case 2:
      return liar(bytes, chance, how);
    case 3:
      how.push('a pointer');
      return changePointer(bytes.length, chance);
    default:
      return changeBytes(bytes, chance, how, others);
  }
}

/** A header that declares something else than what follows it; or another type of elements, with as many bytes as it needs. */
function liar(bytes: Uint8Array, chance: Chance, how: string[]): Uint8Array {
  how.push('another header');
  const body = bytes.subarray(16);
  const dims = Array.from({ length: chance.between(0, 5) }, () => chance.pick([...WORDS, 3, 8, 60, 60, 60]));
  const header = Buffer.from(encodeIdx(dims, new Uint8Array()));
  header[2] = chance.pick([0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e, 0x0a, 0xff]);
  if (chance.happens(0.3)) header[3] = chance.integer(256);
  const total = dims.reduce((product, size) => product * size, 1);
  const fill = total <= 1 << 20 && chance.happens(0.7) ? chance.bytes(Math.min(total, 4096)) : body;
  const plain = Buffer.concat([
    header,
    total <= 1 << 20 ? Buffer.alloc(Math.max(0, total - fill.length)) : new Uint8Array(),
    fill,
  ]);
  // Much more than the file of the other half has: it may not be unpacked to see that.
  return chance.happens(0.2) ? bomb(chance.pick([4, 16, 96]), header) : plain;
}

const sourceOf = (folder: string): DataSource =>
  ({ format: DEFAULT_FORMAT, images: path.join(folder, IMAGES), labels: path.join(folder, LABELS) }) as DataSource;

async function match({ file, folder }: Opened): Promise<string> {
  const fits = formatOf({ format: DEFAULT_FORMAT }).match(
    path.basename(file),
    readFileSync(file).subarray(0, HEAD_BYTES),
  );
  const source = await sourceOfFiles([path.join(folder, IMAGES), path.join(folder, LABELS)]);
  return `${fits ? 'fits' : 'does not fit'}, ${source ? source.format : 'no source'}`;
}

async function header({ folder }: Opened): Promise<string> {
  const { images, labels } = await headerOf(sourceOf(folder), 'test');
  return `${images ? 'images' : ''} ${labels ? 'labels' : ''}`;
}

/** What opens has the header that was read of it, and labels in the range that the header says. */
async function open({ folder }: Opened): Promise<string> {
  const source = sourceOf(folder);
  const split = await openSource(source, { scale: 1 / 255, name: 'test' });
  const known = await headerOf(source, 'test').catch((error: unknown) => {
    must(!(error instanceof FinePruneError), 'what opens has a header that can be read');
    throw error;
  });
  must(
    known.images?.count === split.count && known.labels?.count === split.count,
    'the header has as many images as are opened',
  );
  must(String(known.images!.shape) === String(split.shape), 'the header has the shape of the opened images');
  if (known.labels?.largest !== undefined)
    must(known.labels.largest === Math.max(...split.labels), 'the header has the largest label');
  const pixels = split.pixels(Int32Array.of(split.count - 1));
  must(
    pixels.every((value) => value >= -1e-5 && value <= 1 + 1e-5),
    'pixels are from 0 to 1',
  );
  return 'opened';
}
