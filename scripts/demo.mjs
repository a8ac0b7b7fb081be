// npm run demo: set up, then run the defense on the backdoored demo model over all of MNIST. Further arguments go to
// `fine-prune run`, such as --backend wasm --fine-tune-images 20000.
import path from 'node:path';
import { build, demoData, dependencies, nativeEngine, root, run } from './setup.mjs';

dependencies();
build();
await demoData();
const missing = nativeEngine();
// On WASM the demo asks for less fine-tuning, openly: the report names it as a finding.
const fewer = missing && process.argv.length === 2 ? ['--fine-tune-images', '20000'] : [];
if (missing)
  console.log(
    `No native engine here, so WASM it is, three to four times slower${fewer.length ? ', fine-tuning on 20,000 images' : ''}. ${missing}`,
  );
const config = path.join('examples', 'mnist-badnets', 'mnist-badnets.fineprune.json');
// The missed gate is the demo's lesson, not its failure: --report-only.
run(process.execPath, [
  path.join(root, 'dist', 'cli.js'),
  'run',
  config,
  '--out',
  'out',
  '--report-only',
  ...fewer,
  ...process.argv.slice(2),
]);
