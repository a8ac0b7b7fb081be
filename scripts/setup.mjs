// What a fresh clone needs before anything runs. Each step looks first and does nothing when it is done already.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (...parts) => path.join(root, ...parts);

/** Runs a command to its end with its output shown; throws when it fails. */
export function run(command, args, options = {}) {
  const { status, error, signal } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32' && command === 'npm',
    ...options,
  });
  if (error) throw error;
  if (status !== 0)
    throw new Error(`${[path.basename(command), ...args].join(' ')} ended with ${signal ?? `exit code ${status}`}`);
}

/** node_modules as package-lock.json has it. */
export function dependencies() {
  const stamp = inRoot('node_modules', '.fine-prune-lock');
  const wanted = createHash('sha256')
    .update(readFileSync(inRoot('package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log('Installing packages …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, wanted);
}

/** dist/: extension, server, worker and command line. */
export function build() {
  run(process.execPath, ['esbuild.mjs']);
}

/** All of MNIST beside the demo model. */
export async function demoData() {
  const { writeMnist } = await import('./mnist.mjs');
  await writeMnist(inRoot('examples', 'mnist-badnets', 'data'));
}

/**
 * The native engine, from the first source that answers.
 * @returns {string | null} null when it is there, else one line that says why it is not
 */
export function nativeEngine() {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [inRoot('dist', 'cli.js'), 'engine', 'install', '--yes'],
    { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  );
  if (status === 0) {
    console.log(stdout.trim().split('\n').at(-1));
    return null;
  }
  return (stderr.trim() || stdout.trim() || `engine install ended with exit code ${status}`)
    .split('\n')
    .slice(0, 3)
    .join(' ');
}
