import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../..');
/** What tests have made and share, known by what it was made of. */
export const CACHE = path.join(ROOT, 'out', 'test-cache');
/** What a bundle is made of, beside the packages that package-lock.json names. */
const SOURCES = ['server', 'schemas', 'scripts', 'esbuild.mjs', 'package.json', 'package-lock.json', 'tsconfig.json'];
const KEPT_MS = 3_600_000;

function* filesOf(name: string): Generator<string> {
  const whole = path.join(ROOT, name);
  if (!statSync(whole).isDirectory()) return yield name;
  for (const inside of readdirSync(whole).sort()) yield* filesOf(path.join(name, inside));
}

let key: string | undefined;

/** Distinguishes one state of the engine's sources from another. */
export function keyOfSources(): string {
  if (key !== undefined) return key;
  const hash = createHash('sha256');
  for (const name of SOURCES.flatMap((source) => [...filesOf(source)]))
    hash
      .update(`${name}\0`)
      .update(readFileSync(path.join(ROOT, name)))
      .update('\0');
  return (key = hash.digest('hex').slice(0, 16));
}

/** Removes what was made of other sources, unless it was made just now and may be in use. */
export function removeOld(prefix: string): void {
  for (const name of readdirSync(CACHE)) {
    const one = path.join(CACHE, name);
    const made = name.startsWith(prefix) && statSync(one, { throwIfNoEntry: false })?.mtimeMs;
    if (made && Date.now() - made > KEPT_MS) rmSync(one, { recursive: true, force: true });
  }
}

let folder: string | undefined;

/**
 * The programs of server/ as they are shipped, bundled from the sources as they are now: a process that starts from them begins to
 * work in a third of the time that it takes from the sources. Made by the first test that asks; another key is made of other sources.
 * @returns path of `cli.js`, `server.js` or `worker.js`
 */
export function built(program: 'cli' | 'server' | 'worker'): string {
  folder ??= builtFolder();
  return path.join(folder, `${program}.js`);
}

function builtFolder(): string {
  const made = path.join(CACHE, `built-${keyOfSources()}`);
  if (existsSync(made)) return made;
  mkdirSync(CACHE, { recursive: true });
  removeOld('built-');
  const unfinished = `${made}.${process.pid}.tmp`;
  execFileSync(process.execPath, ['esbuild.mjs', '--only=server,model-reader,worker,cli', `--into=${unfinished}`], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    renameSync(unfinished, made);
  } catch (error) {
    // Another process was first, with the same bytes.
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(made)) throw error;
  }
  return made;
}
