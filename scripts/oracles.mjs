// npm run oracles: makes what tests have from other frameworks: files that these wrote, and what they compute. The results are
// committed, so that tests need no Python.
//   npm run oracles                       makes all, and puts what changed into test/fixtures/
//   npm run oracles -- --check            changes nothing; fails where a result differs from the committed one
//   npm run oracles -- --count FOLDER     what PyTorch counts in a model of the demo's network, such as the repaired one
//   npm run oracles -- --steps            the time of a step of fine-tuning, ours and PyTorch's
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { compare, LIMIT } from './oracle-files.mjs';
import { PYTHON_ENV, pythonWithFrameworks } from './python.mjs';
import { dependencies, root, run } from './setup.mjs';

const SCRIPTS = path.join('test', 'oracle');
const FIXTURES = path.join(root, 'test', 'fixtures');

/** A script writes its result, a file or a folder, as it is in test/fixtures/. `rules`: which files may differ, and how. */
const ORACLES = [
  {
    script: 'pytorch_reference.py',
    result: 'pytorch-reference.json',
    rules: { 'pytorch-reference.json': 'json' },
  },
  { script: 'formats.py', result: 'formats', rules: { 'formats/expected.json': 'json' } },
  {
    script: 'odd_names.py',
    result: 'odd-names',
    rules: { 'odd-names/weights.bin': 'floats', 'odd-names/expected.json': 'json' },
  },
];

const SAID = {
  same: 'same',
  near: 'same but for rounding; the committed one stays',
  changed: 'CHANGED',
  new: 'NEW',
  gone: 'NO LONGER MADE',
};

/** Runs a script to its end. The frameworks warn a lot, so what they say is shown only when it fails. */
function make(python, script, made) {
  const { status, error, stderr } = spawnSync(python, [path.join(SCRIPTS, script), made], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...PYTHON_ENV },
    stdio: ['ignore', 'ignore', 'pipe'],
    maxBuffer: 1e8,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${stderr}\n${script} failed.`);
}

/**
 * Makes every result and compares it.
 * @param made a folder for the results
 * @param keep called with a result that differs, which then replaces the committed one as a whole: its files belong together
 * @returns the compared files
 */
function makeAll(python, made, keep) {
  return ORACLES.flatMap(({ script, result, rules }) => {
    console.log(`\n${script} …`);
    make(python, script, made);
    const files = compare(made, FIXTURES, result, rules);
    for (const { file, state } of files) console.log(`  ${file}: ${SAID[state]}`);
    if (files.some(({ state }) => state !== 'same' && state !== 'near')) keep(result);
    return files;
  });
}

function renew(check) {
  const python = pythonWithFrameworks();
  const made = mkdtempSync(path.join(os.tmpdir(), 'fine-prune-oracles-'));
  try {
    const differing = [];
    const files = makeAll(python, made, (result) => differing.push(result));
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    console.log(`\n${files.length} files, ${(bytes / 1e6).toFixed(2)} MB of at most ${LIMIT / 1e6} MB`);
    if (bytes > LIMIT) throw new Error('The results are too large to be committed: make them of smaller networks.');
    if (!differing.length) return;
    if (check) throw new Error(`${differing.join(', ')}: not what is committed. \`npm run oracles\` renews it.`);
    for (const result of differing) {
      rmSync(path.join(FIXTURES, result), { recursive: true, force: true });
      cpSync(path.join(made, result), path.join(FIXTURES, result), { recursive: true });
    }
    console.log(`Renewed in test/fixtures: ${differing.join(', ')}`);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

try {
  const { values } = parseArgs({
    options: { check: { type: 'boolean' }, count: { type: 'string' }, steps: { type: 'boolean' } },
  });
  dependencies();
  if (values.count !== undefined) {
    const folder = path.resolve(values.count);
    run(pythonWithFrameworks(), [path.join(SCRIPTS, ORACLES[0].script), '--count', folder], {
      env: { ...process.env, ...PYTHON_ENV },
    });
  } else if (values.steps) {
    run(process.execPath, [path.join(SCRIPTS, 'compare-steps.mjs'), pythonWithFrameworks()]);
  } else renew(values.check ?? false);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
