// The VSIX: production build, then vsce, into out/fine-prune-<version>.vsix. It works without node_modules.
//   node scripts/package.mjs [--built]         --built: dist/ is a fresh production build already
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PackageManager, createVSIX, listFiles } from '@vscode/vsce';
import { tsImport } from 'tsx/esm/api';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const out = path.join(root, 'out', `fine-prune-${version}.vsix`);

if (!process.argv.includes('--built')) {
  // What an earlier build left behind must not be shipped.
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  execFileSync(process.execPath, [path.join(root, 'esbuild.mjs')], { cwd: root, stdio: 'inherit' });
}
console.log(
  (await addPrebuiltBinding()) ??
    'No native engine in the cache: the VSIX carries no prebuilt binding, and compiles one where it is installed.',
);

mkdirSync(path.dirname(out), { recursive: true });
await createVSIX({ cwd: root, packagePath: out, dependencies: false, allowMissingRepository: true });
const files = await listFiles({ cwd: root, packageManager: PackageManager.None });
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const biggest = files
  .map((file) => ({ file, size: statSync(path.join(root, file)).size }))
  .sort((a, b) => b.size - a.size)
  .slice(0, 8);
for (const { file, size } of biggest) console.log(megabytes(size).padStart(8), file);
console.log(`${path.relative(process.cwd(), out)}: ${megabytes(statSync(out).size)}, ${files.length} files`);

/** The binding that this machine has compiled, so that a person without a compiler can use TensorFlow's library too. */
async function addPrebuiltBinding() {
  const { findNativeEngine, PLATFORM, BINDING_FILE } = await tsImport(
    '../server/engine/backend/native-sources.ts',
    import.meta.url,
  );
  const {
    installed,
    path: binding,
    source,
  } = await findNativeEngine({ env: { ...process.env, FINE_PRUNE_NATIVE_BINDING: undefined } });
  // Another's binding looks for its libraries in places of its own; ours looks beside itself.
  if (!installed || source !== 'cache') return undefined;
  const target = path.join(root, 'dist', 'native-src', 'prebuilt', PLATFORM, BINDING_FILE);
  mkdirSync(path.dirname(target), { recursive: true });
  cpSync(binding, target, { dereference: true });
  return `Prebuilt binding for ${PLATFORM}: ${(statSync(target).size / 1024).toFixed(0)} KB`;
}
