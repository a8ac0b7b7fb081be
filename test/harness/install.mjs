// `node test/harness/install.mjs`: everything the host and end-to-end tests download, ahead of time.
import path from 'node:path';
import { require as tsxRequire } from 'tsx/cjs/api';

const { ensureVsCode } = tsxRequire('./install.ts', import.meta.url);
const { ensureChromium } = tsxRequire('./chromium.ts', import.meta.url);

try {
  if (process.platform === 'win32' || process.env.FINE_PRUNE_VSCODE === 'desktop') {
    console.log('VS Code: the host tests download the desktop program');
  } else {
    const build = await ensureVsCode();
    console.log(`VS Code ${build.version}: ${path.relative(process.cwd(), build.serverMain)}`);
    console.log(`Chromium: ${await ensureChromium()}`);
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
