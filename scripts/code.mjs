// npm run code: the extension in a VS Code that runs in the browser, with the demo workspace open, until Ctrl-C.
//   node scripts/code.mjs [folder] [--port=N]      another folder, another port (default 8123)
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { build, dependencies, root } from './setup.mjs';

const folderGiven = process.argv.slice(2).find((arg) => !arg.startsWith('-'));
const port = Number(process.argv.find((arg) => arg.startsWith('--port='))?.slice('--port='.length) ?? 8123);

/** A copy of the example with its data, so that runs change nothing that is committed. It stays, with all results, until it is deleted. */
async function demoWorkspace(tsxRequire) {
  const folder = path.join(root, 'out', 'demo-workspace');
  if (existsSync(folder)) return folder;
  const { copyDemo } = tsxRequire('../client/demo/copy.ts', import.meta.url);
  const temporary = `${folder}.${process.pid}.tmp`;
  try {
    await copyDemo(path.join(root, 'examples', 'mnist-badnets'), path.join(root, 'dist', 'mnist'), temporary, () => {});
    await rename(temporary, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return folder;
}

// The harness stops VS Code then; this only tells that end from an unwanted one.
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => (interrupted = true));

try {
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`--port takes a number from 0 to 65535.`);
  if (folderGiven && !existsSync(folderGiven)) throw new Error(`There is no folder ${folderGiven}.`);
  dependencies();
  build();
  const { require: tsxRequire } = await import('tsx/cjs/api'); // now that it is installed
  const { startVsCode } = tsxRequire('../test/harness/vscode-server.ts', import.meta.url);
  const folder = path.resolve(folderGiven ?? (await demoWorkspace(tsxRequire)));
  const server = await startVsCode({
    linkExtension: root,
    forPerson: true,
    port,
    // The engine that this person has installed is in their own cache.
    env: { HOME: process.env.HOME, XDG_CACHE_HOME: process.env.XDG_CACHE_HOME },
  });
  console.log(
    `\nVS Code ${server.version} with Fine-Prune, on ${folder}\n\n    ${server.url(folder)}\n\nOpen this address in a browser. Ctrl-C ends it.`,
  );
  const ending = await server.exited;
  if (!interrupted) throw new Error(`VS Code ended by itself (${ending}).`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
