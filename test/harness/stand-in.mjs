#!/usr/bin/env node
// The executable that @vscode/test-electron gets as `vscodeExecutablePath`; see stand-in.ts.
import { require as tsxRequire } from 'tsx/cjs/api';

const { runAsDesktop } = tsxRequire('./stand-in.ts', import.meta.url);
try {
  process.exit(await runAsDesktop(process.argv.slice(2)));
} catch (error) {
  console.error(error);
  process.exit(96);
}
