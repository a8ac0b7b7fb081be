// npm run demo: set up, then run the defense on the backdoored demo model over all of MNIST. Further arguments go to
// `fine-prune run`, such as --backend wasm --fine-tune-images 20000.
import path from 'node:path';
import { build, demoData, dependencies, nativeEngine, root, run } from './setup.mjs';

dependencies();
build();
await demoData();
const missing = nativeEngine();
if (missing) console.log(`No native engine here, so WASM it is, about four times slower. ${missing}`);
const config = path.join('examples', 'mnist-badnets', 'mnist-badnets.fineprune.json');
// The missed gate is the demo's lesson, not its failure: --report-only.
run(process.execPath, [path.join(root, 'dist', 'cli.js'), 'run', config, '--out', 'out', '--report-only', ...process.argv.slice(2)]);
