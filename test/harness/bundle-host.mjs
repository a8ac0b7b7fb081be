// `node test/harness/bundle-host.mjs`: the host tests as plain CommonJS files, which is what VS Code's extension host loads.
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Bundles index.ts and every *.test.ts of a suite folder, one file each: mocha finds them by their names.
 * @param {{suite?: string, outdir?: string}} options absolute folders; by default test/host/suite and dist/test/host
 * @returns {Promise<string>} the path of the bundled index.js
 */
export async function bundleHostTests({
  suite = path.join(root, 'test/host/suite'),
  outdir = path.join(root, 'dist/test/host'),
} = {}) {
  rmSync(outdir, { recursive: true, force: true }); // a test that was deleted must not run on
  const tests = readdirSync(suite)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => path.join(suite, name));
  await build({
    entryPoints: [path.join(root, 'test/host/suite/index.ts'), ...tests].map((file) => ({
      in: file,
      out: path.basename(file, '.ts'),
    })),
    outdir,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode', 'mocha'],
    // Its CommonJS build is UMD, whose requires a bundler can't see.
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  return path.join(outdir, 'index.js');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await bundleHostTests());
