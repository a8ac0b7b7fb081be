import { crc32, deflateSync } from 'node:zlib';
import { sniffFile } from '../../../server/engine/files/sniff';
import { readPattern } from '../../../server/engine/triggers/png';
import { below, bytesOf, must, type Kind, type Opened } from '../case';
import type { Chance } from '../chance';
import { changeBytes } from '../mutate/bytes';
import { WORDS } from '../mutate/numbers';

const FILE = 'trigger.png';

/** The picture of a trigger: a PNG, or what somebody put in its place. */
export const image: Kind = {
  name: 'image',
  weight: 2,
  make(chance, corpus) {
    const how: string[] = [];
    const files = below(corpus, 'project');
    const own = bytesOf(corpus, `project/${chance.pick([FILE, 'colour.png'])}`);
    const others = [...corpus.values(), JPEG, GIF];
    files.set(FILE, chance.happens(0.6) ? changedChunks(own, chance, how) : changeBytes(own, chance, how, others));
    files.set(
      'small.fineprune.json',
      Buffer.from(
        Buffer.from(files.get('small.fineprune.json')!).toString().replace('"size": [2, 2]', `"image": "${FILE}"`),
      ),
    );
    return { files, hostile: [], main: FILE, how };
  },
  readers: { sniff, gray: (input) => pattern(input, 1), colour: (input) => pattern(input, 3) },
  commands: [() => ['run', 'small.fineprune.json', '--report-only', '--backend', 'wasm']],
};

const JPEG = Buffer.from('ffd8ffe000104a46494600010100000100010000ffdb004300', 'hex');
const GIF = Buffer.from('47494638396101000100800000000000ffffff2c00000000010001000002024401003b', 'hex');

interface Chunk {
  type: string;
  body: Buffer;
}

function chunksOf(bytes: Uint8Array): Chunk[] {
  const all = Buffer.from(bytes);
  const chunks: Chunk[] = [];
  for (let at = 8; at + 12 <= all.length; at += 12 + all.readUInt32BE(at))
    chunks.push({
      type: all.toString('latin1', at + 4, at + 8),
      body: Buffer.from(all.subarray(at + 8, at + 8 + all.readUInt32BE(at))),
    });
  return chunks;
}

function written(chunks: readonly Chunk[], wrong: boolean): Buffer {
  const parts = chunks.map(({ type, body }) => {
    const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(wrong ? 0 : crc32(named));
    return Buffer.concat([length, named, sum]);
  });
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts]);
}

/** A PNG with other chunks, whose sums are right. */
function changedChunks(bytes: Uint8Array, chance: Chance, how: string[]): Buffer {
  const chunks = chunksOf(bytes);
  const [header, pixels] = [chunks[0]!.body, chunks.find(({ type }) => type === 'IDAT')!];
  const [name, change] = chance.pick<[string, () => unknown]>([
    ['another size', () => header.writeUInt32BE(chance.pick(WORDS), 4 * chance.integer(2))],
    [
      'another size on both sides',
      () => [0, 4].map((at) => header.writeUInt32BE(chance.pick([0, 1, 5, 8, 9, 8192, 65535]), at)),
    ],
    ['another depth', () => (header[8] = chance.pick([0, 1, 2, 4, 8, 16, 255]))],
    ['another kind of colour', () => (header[9] = chance.integer(8))],
    ['interlaced', () => (header[12] = 1)],
    ['another method', () => (header[10 + chance.integer(2)] = 1)],
    ['two headers', () => chunks.splice(1, 0, { type: 'IHDR', body: Buffer.from(header) })],
    ['no pixels', () => chunks.splice(chunks.indexOf(pixels), 1)],
    ['pixels twice', () => chunks.push({ ...pixels })],
    [
      'more pixels than the header says',
      () => (pixels.body = deflateSync(Buffer.alloc(chance.pick([1_000, 10_000_000, 100_000_000])))),
    ],
    ['fewer pixels', () => (pixels.body = deflateSync(Buffer.alloc(3)))],
    ['pixels that are not packed', () => (pixels.body = chance.bytes(40))],
    [
      'a palette',
      () => {
        header[9] = 3;
        chunks.splice(1, 0, { type: 'PLTE', body: chance.bytes(chance.pick([0, 3, 5, 768, 3000])) });
      },
    ],
    ['transparency', () => chunks.splice(1, 0, { type: 'tRNS', body: chance.bytes(chance.pick([0, 1, 2, 6, 300])) })],
    ['a gamma of 0', () => chunks.splice(1, 0, { type: 'gAMA', body: Buffer.alloc(chance.pick([0, 4])) })],
    ['no end', () => chunks.pop()],
    ['something behind the end', () => chunks.push({ type: 'tEXt', body: chance.bytes(100) })],
    ['a long text', () => chunks.splice(1, 0, { type: 'tEXt', body: Buffer.alloc(300_000, 0x61) })],
    [
      'an unknown chunk',
      () => chunks.splice(1, 0, { type: chance.pick(['ABCD', 'abcd', '\0\0\0\0']), body: chance.bytes(10) }),
    ],
    ['chunks in another order', () => chunks.splice(0, chunks.length, ...chance.shuffled(chunks))],
  ]);
  how.push(name);
  change();
  return written(chunks, chance.happens(0.1));
}

async function sniff({ file }: Opened): Promise<string> {
  return (await sniffFile(file))?.kind ?? 'nothing known';
}

async function pattern({ file }: Opened, channels: number): Promise<string> {
  const { height, width, pixels, opacity } = await readPattern(file, channels, (h, w) =>
    h > 8 || w > 8 || h < 1 || w < 1 ? 'it is larger' : null,
  );
  must(
    pixels.length === height * width * channels && opacity.length === height * width,
    'a picture has as many pixels as its header says',
  );
  must(
    [...pixels, ...opacity].every((value) => value >= 0 && value <= 1),
    'pixels are from 0 to 1',
  );
  return `${height}×${width}`;
}
