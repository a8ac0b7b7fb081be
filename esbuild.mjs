// Bundles everything that runs, and puts beside it what is read as a file, so that dist/ works without node_modules:
//   node esbuild.mjs [--dev] [--watch] [--only=extension,server,worker,cli]
import { chmodSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as esbuild from 'esbuild';
import { writeMnist } from './scripts/mnist.mjs';
import { writeNotices } from './scripts/notices.mjs';

const root = fileURLToPath(new URL('.', import.meta.url));
const dist = path.join(root, 'dist');
const { resolve } = createRequire(import.meta.url);
const packageFolder = (name) => path.dirname(resolve(`${name}/package.json`));

const { values: options } = parseArgs({ options: { dev: { type: 'boolean' }, watch: { type: 'boolean' }, only: { type: 'string' } } });

const ENTRIES = {
  extension: 'client/extension.ts',
  server: 'server/main.ts',
  'model-reader': 'server/main/model-reader.ts',
  worker: 'server/engine/worker.ts',
  cli: 'server/cli.ts',
};
const names = options.only?.split(',') ?? Object.keys(ENTRIES);

/**
 * tfjs-node's kernels ask for the umbrella package `@tensorflow/tfjs`, which brings browser backends and data loaders that
 * the engine never runs. They get its two parts that matter, the same instances that the engine itself imports.
 */
const slimTensorflow = {
  name: 'slim-tensorflow',
  setup(build) {
    build.onResolve({ filter: /^@tensorflow\/tfjs$/ }, () => ({ path: 'tfjs', namespace: 'slim-tensorflow' }));
    build.onLoad({ filter: /.*/, namespace: 'slim-tensorflow' }, () => ({
      contents: `module.exports = { ...require('@tensorflow/tfjs-core'), ...require('@tensorflow/tfjs-layers') };`,
      loader: 'js',
      resolveDir: root,
    }));
  },
};

/** A second copy of the core has a second registry, and kernels registered in one are unknown to the other. */
const oneCore = {
  name: 'one-core',
  setup(build) {
    build.onEnd(({ metafile }) => {
      for (const [out, { inputs }] of Object.entries(metafile?.outputs ?? {})) {
        const cores = Object.keys(inputs).filter((file) => /@tensorflow\/tfjs-core\/dist\/(tf-core[.\w]*|engine)\.js$/.test(file));
        if (cores.length > 1) return { errors: [{ text: `${out} holds tfjs-core more than once: ${cores.join(', ')}` }] };
      }
      return undefined;
    });
  },
};

const common = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  external: ['vscode'],
  // Their CommonJS builds are UMD, whose requires a bundler can't see.
  alias: {
    'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
    'vscode-json-languageservice': 'vscode-json-languageservice/lib/esm/jsonLanguageService.js',
  },
  minify: !options.dev,
  // Stack traces in logs and bug reports name our functions.
  keepNames: true,
  sourcemap: options.dev ? 'linked' : false,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  plugins: [slimTensorflow, oneCore],
};
const bundles = names.map((name) => ({
  ...common,
  entryPoints: { [name]: ENTRIES[name] },
  ...(name === 'cli' && !readFileSync(path.join(root, ENTRIES.cli), 'utf8').startsWith('#!') && { banner: { js: '#!/usr/bin/env node' } }),
}));

/** What is read as a file at run time: WASM binaries, sources of the native binding, schemas, MNIST. */
function copyFiles() {
  const wasm = path.join(packageFolder('@tensorflow/tfjs-backend-wasm'), 'dist');
  // No threaded binary: Node can't start its workers.
  for (const file of readdirSync(wasm).filter((f) => f.endsWith('.wasm') && !f.includes('threaded'))) copy(path.join(wasm, file), 'wasm', file);

  const tfjsNode = packageFolder('@tensorflow/tfjs-node');
  for (const file of readdirSync(path.join(tfjsNode, 'binding')).filter((f) => /\.(cc|h)$/.test(f))) copy(path.join(tfjsNode, 'binding', file), 'native-src', 'binding', file);
  copy(path.join(packageFolder('node-api-headers'), 'include'), 'native-src', 'include');
  copy(path.join(root, 'schemas'), 'schemas');
  writeMnist(path.join(dist, 'mnist'));
}

function copy(from, ...to) {
  const target = path.join(dist, ...to);
  mkdirSync(path.dirname(target), { recursive: true });
  cpSync(from, target, { recursive: true });
}

copyFiles();
if (options.watch) {
  for (const bundle of bundles) await (await esbuild.context({ ...bundle, logLevel: 'info' })).watch();
} else {
  for (const name of names) rmSync(path.join(dist, `${name}.js.map`), { force: true });
  // esbuild has printed what is wrong.
  const results = await Promise.all(bundles.map((bundle) => esbuild.build(bundle))).catch(() => process.exit(1));
  const copied = ['@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-node', 'node-api-headers'].map(packageFolder);
  writeNotices(results.map(({ metafile }) => metafile), copied, root, path.join(dist, 'THIRD-PARTY-NOTICES.txt'));
  if (names.includes('cli')) chmodSync(path.join(dist, 'cli.js'), 0o755);
  for (const name of names) console.log(`dist/${name}.js`.padEnd(20), `${(statSync(path.join(dist, `${name}.js`)).size / 1024).toFixed(0)} KB`);
}
