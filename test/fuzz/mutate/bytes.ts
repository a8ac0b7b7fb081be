import { constants, deflateSync, gzipSync } from 'node:zlib';
import type { Chance } from '../chance';
import { pointerTo } from '../../fixtures/other-files';
import { WORDS } from './numbers';

/** Bytes with one thing changed. @param others files of which a part may be put in */
export function changeBytes(
  bytes: Uint8Array,
  chance: Chance,
  how: string[],
  others: readonly Uint8Array[] = [],
): Uint8Array {
  const [name, change] = chance.pick(BYTE_CHANGES);
  how.push(name);
  return change(Buffer.from(bytes), chance, others);
}

type Change = (bytes: Buffer, chance: Chance, others: readonly Uint8Array[]) => Uint8Array;

/** Headers are at the beginning: every second change is there. */
const place = (bytes: Buffer, chance: Chance): number =>
  chance.integer(Math.max(1, chance.happens(0.5) ? Math.min(64, bytes.length) : bytes.length));

function word(bytes: Buffer, chance: Chance): Buffer {
  if (bytes.length < 4) return Buffer.concat([bytes, chance.bytes(4)]);
  const at = Math.min(place(bytes, chance) & ~3, bytes.length - 4);
  const value = chance.pick(WORDS);
  if (chance.happens(0.7)) bytes.writeUInt32BE(value, at);
  else bytes.writeUInt32LE(value, at);
  return bytes;
}

function flip(bytes: Buffer, chance: Chance): Buffer {
  if (bytes.length === 0) return chance.bytes(1);
  for (let left = chance.few(); left > 0; left--) {
    const at = place(bytes, chance);
    bytes[at] = bytes[at]! ^ (1 << chance.integer(8));
  }
  return bytes;
}

/** A gzip file that is many times larger inside. @param megabytes inside */
export const bomb = (megabytes: number, head: Uint8Array = new Uint8Array()): Buffer =>
  gzipSync(Buffer.concat([head, Buffer.alloc(megabytes << 20)]), { level: constants.Z_BEST_COMPRESSION });

const GZIP_CHANGES: readonly (readonly [string, Change])[] = [
  ['gzip', (bytes) => gzipSync(bytes)],
  ['gzip twice', (bytes) => gzipSync(gzipSync(bytes))],
  [
    'gzip of several members',
    (bytes, chance) => {
      const at = chance.integer(bytes.length + 1);
      return Buffer.concat([gzipSync(bytes.subarray(0, at)), gzipSync(bytes.subarray(at))]);
    },
  ],
  ['gzip with bytes behind', (bytes, chance) => Buffer.concat([gzipSync(bytes), chance.bytes(chance.between(1, 40))])],
  [
    'gzip with zeros behind',
    (bytes, chance) => Buffer.concat([gzipSync(bytes), Buffer.alloc(chance.between(1, 5000))]),
  ],
  [
    'gzip cut off',
    (bytes, chance) => {
      const packed = gzipSync(bytes);
      return packed.subarray(0, chance.integer(packed.length));
    },
  ],
  [
    'gzip with a wrong sum',
    (bytes) => {
      const packed = gzipSync(bytes);
      packed[packed.length - 8]! ^= 1;
      return packed;
    },
  ],
  [
    'gzip with a wrong size',
    (bytes) => {
      const packed = gzipSync(bytes);
      packed[packed.length - 1]! ^= 0x40;
      return packed;
    },
  ],
  ['gzip with flipped bits', (bytes, chance) => flip(gzipSync(bytes), chance)],
  ['gzip bomb', (bytes, chance) => bomb(chance.pick([4, 8, 64]), bytes.subarray(0, 16))],
  ['gzip without compression', (bytes) => gzipSync(bytes, { level: 0 })],
  [
    'gzip with a long name',
    (bytes, chance) => {
      const packed = gzipSync(bytes);
      packed[3] = 0x08;
      return Buffer.concat([
        packed.subarray(0, 10),
        Buffer.alloc(chance.pick([10, 5_000, 200_000]), 0x61),
        Buffer.from([0]),
        packed.subarray(10),
      ]);
    },
  ],
  ['zlib', (bytes) => deflateSync(bytes)],
];

/** Bytes packed as gzip, in one of many states of repair. */
export function changeGzip(bytes: Uint8Array, chance: Chance, how: string[]): Uint8Array {
  const [name, change] = chance.pick(GZIP_CHANGES);
  how.push(name);
  return change(Buffer.from(bytes), chance, []);
}

const BYTE_CHANGES: readonly (readonly [string, Change])[] = [
  ['bits flipped', flip],
  ['bits flipped', flip],
  ['a number changed', word],
  ['a number changed', word],
  ['a number changed', word],
  [
    'cut off',
    (bytes, chance) => bytes.subarray(0, chance.happens(0.5) ? chance.integer(65) : chance.integer(bytes.length + 1)),
  ],
  [
    'bytes put in',
    (bytes, chance) => {
      const at = place(bytes, chance);
      return Buffer.concat([bytes.subarray(0, at), chance.bytes(chance.pick([1, 2, 4, 100])), bytes.subarray(at)]);
    },
  ],
  [
    'bytes left out',
    (bytes, chance) => {
      const at = place(bytes, chance);
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + chance.pick([1, 2, 4, 100]))]);
    },
  ],
  ['bytes behind', (bytes, chance) => Buffer.concat([bytes, chance.bytes(chance.pick([1, 3, 4, 1000]))])],
  [
    'a part twice',
    (bytes, chance) => {
      const [at, length] = [place(bytes, chance), chance.integer(bytes.length + 1)];
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    },
  ],
  [
    'a part of another file',
    (bytes, chance, others) => {
      const other = Buffer.from(others.length ? chance.pick(others) : bytes);
      return Buffer.concat([bytes.subarray(0, place(bytes, chance)), other.subarray(chance.integer(other.length + 1))]);
    },
  ],
  ['another file', (bytes, chance, others) => (others.length ? chance.pick(others) : bytes)],
  ['zeros', (bytes) => Buffer.alloc(bytes.length)],
  ['ones', (bytes) => Buffer.alloc(bytes.length, 0xff)],
  ['text', (bytes) => Buffer.from(bytes.toString('utf8'))],
  ['CRLF for LF', (bytes) => Buffer.from(bytes.toString('latin1').replaceAll('\n', '\r\n'), 'latin1')],
  ['empty', () => Buffer.alloc(0)],
  ['a web page', () => Buffer.from('<!DOCTYPE html><html><body>Not found</body></html>')],
  ['a pointer', (bytes, chance) => changePointer(bytes.length, chance)],
];

/** A Git LFS pointer, whole or not. */
export function changePointer(size: number, chance: Chance): Uint8Array {
  const text = pointerTo(chance.bytes(32).toString('hex'), size);
  return Buffer.from(
    chance.pick([
      () => text,
      () => text,
      () => text.replaceAll('\n', '\r\n'),
      () => text.replace(/size \d+/, `size ${chance.pick(['-1', '1e9', '99999999999999999999', '0', 'x', ''])}`),
      () => text.replace(/[0-9a-f]{60}/, ''),
      () => text.replace('oid', 'ext-0-foo sha256:00\noid'),
      () => text + 'x'.repeat(chance.pick([100, 1000, 100_000])),
      () => text.slice(0, chance.integer(text.length)),
      () => text.replace('git-lfs.github.com', `${'a'.repeat(5000)}.example`),
      () => text + text,
    ])(),
  );
}
