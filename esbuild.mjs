// Bundles everything that runs, and puts beside it what is read as a file, so that dist/ works without node_modules:
//   node esbuild.mjs [--dev] [--watch] [--only=extension,server,worker,cli,webview/inspector] [--into=DIR]
import { chmodSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as esbuild from 'esbuild';
import { writeMnist } from './scripts/mnist.mjs';
import { writeNotices } from './scripts/notices.mjs';

const root = fileURLToPath(new URL('.', import.meta.url));
const { resolve } = createRequire(import.meta.url);
const packageFolder = (name) => path.dirname(resolve(`${name}/package.json`));

const { values: options } = parseArgs({
  options: { dev: { type: 'boolean' }, watch: { type: 'boolean' }, only: { type: 'string' }, into: { type: 'string' } },
});
const dist = path.resolve(root, options.into ?? 'dist');

const ENTRIES = {
  extension: 'client/extension.ts',
  server: 'server/main.ts',
  'model-reader': 'server/main/known/model-reader.ts',
  worker: 'server/engine/worker.ts',
  cli: 'server/cli.ts',
};
/** Pages of webviews: each becomes dist/webview/<page>.js and <page>.css. */
const PAGES = ['inspector', 'report', 'compare'];
const WEBVIEWS = {
  ...Object.fromEntries(PAGES.map((page) => [`webview/${page}`, `webview/${page}/main.tsx`])),
  // The component library is a script of its own, which all pages share.
  'webview/toolkit': 'webview/ui/toolkit.ts',
};
/** A page's script, charts included, minified: it travels over SSH, and it is parsed whenever the page is shown. */
const PAGE_BUDGET_KB = 450;
const names = options.only?.split(',') ?? [...Object.keys(ENTRIES), ...Object.keys(WEBVIEWS)];

/**
 * One core of TF.js for all, its ES modules: gradients are registered from there, and what nobody uses is left out. tfjs-node asks
 * for the umbrella package `@tensorflow/tfjs`, which would bring browser backends, layers and data loaders. Compiled to ES5, it
 * calls the constructor of the class that its backend extends as a function, which a class of ES modules does not allow.
 */
const slimTensorflow = {
  name: 'slim-tensorflow',
  setup(build) {
    const moduleOf = (name) => path.join(packageFolder(name), 'dist', 'index.js');
    const core = moduleOf('@tensorflow/tfjs-core');
    build.onResolve({ filter: /^@tensorflow\/tfjs-(core|backend-wasm)$/ }, ({ path: name }) => ({
      path: moduleOf(name),
    }));
    build.onResolve({ filter: /^@tensorflow\/tfjs$/ }, () => ({ path: 'tfjs', namespace: 'slim-tensorflow' }));
    build.onLoad({ filter: /.*/, namespace: 'slim-tensorflow' }, () => ({
      contents: `
        import { KernelBackend as Class } from ${JSON.stringify(core)};
        export * from ${JSON.stringify(core)};
        export function KernelBackend() {}
        KernelBackend.prototype = Class.prototype;`,
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
        const cores = Object.keys(inputs).filter((file) =>
          /@tensorflow\/tfjs-core\/dist\/(tf-core[.\w]*|engine)\.js$/.test(file),
        );
        if (cores.length > 1)
          return { errors: [{ text: `${out} holds tfjs-core more than once: ${cores.join(', ')}` }] };
      }
      return undefined;
    });
  },
};

/** Models are opened and saved in the engine process: other bundles have the rest of each format, without TensorFlow. */
const withoutModelStorage = {
  name: 'without-model-storage',
  setup(build) {
    build.onResolve({ filter: /^\.\/storage$/ }, ({ importer, path: file }) =>
      /\bengine[\\/]model[\\/]formats[\\/][^\\/]+$/.test(path.dirname(importer))
        ? { path: file, namespace: 'no-storage' }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'no-storage' }, () => ({
      contents: `throw new Error('models are opened in the engine process');`,
    }));
  },
};

const shared = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  minify: !options.dev,
  sourcemap: options.dev ? 'linked' : false,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
};
const forNode = {
  ...shared,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  external: ['vscode'],
  // Their CommonJS builds are UMD, whose requires a bundler can't see.
  alias: {
    'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
    'vscode-json-languageservice': 'vscode-json-languageservice/lib/esm/jsonLanguageService.js',
  },
  // Stack traces in logs and bug reports name our functions.
  keepNames: true,
  plugins: [slimTensorflow, oneCore],
};
/** The Chromium of the oldest VS Code that the extension supports is newer. */
const forWebview = { ...shared, format: 'iife', platform: 'browser', target: 'chrome120' };
const bundles = names.map((name) => ({
  ...(WEBVIEWS[name] ? forWebview : forNode),
  ...(!WEBVIEWS[name] && name !== 'worker' && { plugins: [...forNode.plugins, withoutModelStorage] }),
  entryPoints: { [name]: WEBVIEWS[name] ?? ENTRIES[name] },
  ...(name === 'cli' &&
    !readFileSync(path.join(root, ENTRIES.cli), 'utf8').startsWith('#!') && { banner: { js: '#!/usr/bin/env node' } }),
}));

/** What is read as a file at run time: WASM binaries, sources of the native binding, schemas, MNIST, the icons of pages. */
function copyFiles() {
  const wasm = path.join(packageFolder('@tensorflow/tfjs-backend-wasm'), 'dist');
  // No threaded binary: Node can't start its workers.
  for (const file of readdirSync(wasm).filter((f) => f.endsWith('.wasm') && !f.includes('threaded')))
    copy(path.join(wasm, file), 'wasm', file);

  const tfjsNode = packageFolder('@tensorflow/tfjs-node');
  for (const file of readdirSync(path.join(tfjsNode, 'binding')).filter((f) => /\.(cc|h)$/.test(f)))
    copy(path.join(tfjsNode, 'binding', file), 'native-src', 'binding', file);
  copy(path.join(packageFolder('node-api-headers'), 'include'), 'native-src', 'include');
  copy(path.join(root, 'schemas'), 'schemas');
  // The style sheet names the font relative to itself.
  for (const file of ['codicon.css', 'codicon.ttf'])
    copy(path.join(packageFolder('@vscode/codicons'), 'dist', file), 'webview', file);
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
  const copied = ['@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-node', 'node-api-headers', '@vscode/codicons'].map(
    packageFolder,
  );
  writeNotices(
    results.map(({ metafile }) => metafile),
    copied,
    root,
    path.join(dist, 'THIRD-PARTY-NOTICES.txt'),
  );
  if (names.includes('cli')) chmodSync(path.join(dist, 'cli.js'), 0o755);
  const kilobytes = (name) => statSync(path.join(dist, `${name}.js`)).size / 1024;
  for (const name of names) console.log(`dist/${name}.js`.padEnd(26), `${kilobytes(name).toFixed(0)} KB`);
  for (const page of PAGES.map((name) => `webview/${name}`).filter(
    (name) => names.includes(name) && !options.dev && kilobytes(name) > PAGE_BUDGET_KB,
  )) {
    console.error(
      `dist/${page}.js is ${kilobytes(page).toFixed(0)} KB; a page's script may have ${PAGE_BUDGET_KB} KB. See what it holds with esbuild's --analyze.`,
    );
    process.exitCode = 1;
  }
}
