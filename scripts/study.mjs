// npm run study: set up, then compute what is missing of the study and render docs/study.md. Arguments go to study/main.ts:
// `npm run study -- --help` lists them.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { build, demoData, dependencies, nativeEngine, root } from './setup.mjs';

const since = Date.now();
const args = process.argv.slice(2);
dependencies();
if (!args.some((arg) => ['--help', '-h', '--list', '--render'].includes(arg))) {
  // The command line installs the native engine; the study itself runs from source.
  if (!existsSync(path.join(root, 'dist', 'cli.js'))) build();
  await demoData();
  const missing = nativeEngine();
  if (missing)
    console.log(
      `No native engine here, so WASM it is, three to four times slower: fewer cells will fit into the time. ${missing}`,
    );
}
const { status } = spawnSync(
  process.execPath,
  ['--import', 'tsx', path.join(root, 'study', 'main.ts'), '--since', String(since), ...args],
  { cwd: root, stdio: 'inherit' },
);
process.exitCode = status ?? 1;
