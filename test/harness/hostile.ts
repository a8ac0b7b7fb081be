import { execFileSync } from 'node:child_process';
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

/** Files that are made to cost the one who opens them much: each is written into a folder, and is the only one of its kind there. */

const layers = [
  { class_name: 'Flatten', config: { name: 'flat', batch_input_shape: [null, 2, 2, 3] } },
  { class_name: 'Dense', config: { name: 'scores', units: 2, activation: 'softmax' } },
];
const own = [
  { name: 'scores/kernel', shape: [12, 2], dtype: 'float32' },
  { name: 'scores/bias', shape: [2], dtype: 'float32' },
];

/** A small model's JSON with more in it. */
export function modelJson(more: { weights?: object[]; extra?: string; paths?: string[] } = {}): string {
  const json = JSON.stringify({
    format: 'layers-model',
    modelTopology: { class_name: 'Sequential', config: { layers } },
    weightsManifest: [{ paths: more.paths ?? ['weights.bin'], weights: [...own, ...(more.weights ?? [])] }],
  });
  return more.extra === undefined ? json : `${json.slice(0, -1)},"extra":${more.extra}}`;
}

export const manyTensors = (count: number): string =>
  modelJson({
    weights: Array.from({ length: count }, (_, i) => ({ name: `s${i}/adam/v`, shape: [], dtype: 'float32' })),
  });

/** A config of so many bytes, of values, text or nothing but lines. */
export function largeConfig(bytes: number, what: 'values' | 'text' | 'lines'): string {
  const start = '{"model":"model.json","data":{"mean":[';
  if (what === 'text') return `{"model":"${'x'.repeat(bytes)}"}`;
  return what === 'lines' ? '\n'.repeat(bytes) : `${start}${'0,'.repeat(bytes / 2)}0]}}`;
}

/** An IDX file of zeros, packed: a thousandth of what it declares. */
export const packedIdx = (dims: number[]): Buffer => {
  const header = Buffer.alloc(4 + 4 * dims.length);
  header.writeUInt8(8, 2);
  header.writeUInt8(dims.length, 3);
  dims.forEach((size, axis) => header.writeUInt32BE(size, 4 + 4 * axis));
  const size = dims.reduce((a, b) => a * b, 1);
  return gzipSync(Buffer.concat([header, Buffer.alloc(size)]));
};

/** What is no regular file, by name. Linux and macOS. */
export const SPECIAL: Record<string, (file: string) => void> = {
  'a named pipe': (file) => void execFileSync('mkfifo', [file]),
  'a link to /dev/zero': (file) => symlinkSync('/dev/zero', file),
  'a file of a terabyte': (file) => {
    writeFileSync(file, '{"schemaVersion": 2');
    truncateSync(file, 2 ** 40);
  },
};

export const at = (folder: string, name: string): string => path.join(folder, name);
