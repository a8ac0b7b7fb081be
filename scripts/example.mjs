// npm run example: renew the committed report of the demo model.
import path from 'node:path';
import { rmSync } from 'node:fs';
import { build, demoData, dependencies, nativeEngine, root, run } from './setup.mjs';

dependencies();
build();
await demoData();
const missing = nativeEngine();
if (missing) throw new Error(`The committed report is made with the native engine. ${missing}`);
const folder = path.join('examples', 'mnist-badnets');
run(process.execPath, [
  path.join(root, 'dist', 'cli.js'),
  'run',
  path.join(folder, 'mnist-badnets.fineprune.json'),
  '--backend',
  'native',
  '--report-only',
]);
// The defended model can be made again at any time; the report is what is reviewed.
rmSync(path.join(root, folder, 'mnist-badnets.defended'), { recursive: true, force: true });
