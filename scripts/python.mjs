// The Python that `npm run oracles` works with: a virtual environment in the git-ignored cache, with exactly what
// test/oracle/requirements.txt names. It is kept until that file or the version of Python changes.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './setup.mjs';

const REQUIREMENTS = path.join('test', 'oracle', 'requirements.txt');
const FOLDER = path.join('.cache', 'oracles');
/** Minor versions of Python 3 for which the pinned packages exist. */
const MINORS = [11, 12, 13];

/** The same order of sets in every process, and no folders of compiled files among the sources. */
export const PYTHON_ENV = { PYTHONHASHSEED: '0', PYTHONDONTWRITEBYTECODE: '1', PYTHONUTF8: '1' };

/** Runs a step of the set-up, its output shown. @throws with what to do when it fails */
function step(command, args, todo) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error || status !== 0) throw new Error(`\`${[command, ...args].join(' ')}\` failed. ${todo}`);
}

/** @returns the minor version of a Python 3 that can be used. @throws with what to do when there is none */
function minorOf(python) {
  const wanted = `npm run oracles needs Python 3.${MINORS[0]} to 3.${MINORS.at(-1)} with venv and pip`;
  const todo = 'Install one, or name another by the environment variable FINE_PRUNE_PYTHON.';
  const { stdout, error, status } = spawnSync(python, ['-c', 'import sys; print(*sys.version_info[:2])'], {
    encoding: 'utf8',
  });
  if (error || status !== 0) throw new Error(`${wanted}, and \`${python}\` cannot be started. ${todo}`);
  const [major, minor] = stdout.trim().split(' ').map(Number);
  if (major !== 3 || !MINORS.includes(minor))
    throw new Error(`${wanted}, and \`${python}\` is Python ${major}.${minor}. ${todo}`);
  return minor;
}

/**
 * The virtual environment, made when it is not there or not the wanted one. Takes minutes and about 3 GB then.
 * @returns the path of its Python
 */
export function pythonWithFrameworks() {
  const python = process.env.FINE_PRUNE_PYTHON ?? (process.platform === 'win32' ? 'python' : 'python3');
  const minor = minorOf(python);
  const wanted = createHash('sha256')
    .update(`3.${minor}\n${readFileSync(path.join(root, REQUIREMENTS), 'utf8')}`)
    .digest('hex');
  const folder = path.join(root, FOLDER);
  const stamp = path.join(folder, 'made-from');
  const own = path.join(folder, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']));
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && existsSync(own)) return own;
  console.log(`Installing the packages of ${REQUIREMENTS} into ${FOLDER}, about 3 GB …`);
  rmSync(folder, { recursive: true, force: true });
  step(python, ['-m', 'venv', folder], 'Its modules `venv` and `ensurepip` are needed (on Debian: python3-venv).');
  step(
    own,
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS],
    'pip has to find these versions: see its message above.',
  );
  writeFileSync(stamp, wanted);
  return own;
}
