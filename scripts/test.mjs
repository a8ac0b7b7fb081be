// npm test: set up everything a fresh clone lacks, run every suite, end with the line "N passed, N failed".
//   node scripts/test.mjs [suite …]     e.g. node scripts/test.mjs unit engine
// A suite that cannot run fails and says what it lacks. One exception: where no source of the native engine answers, the rest
// runs and NATIVE ENGINE NOT TESTED is said at the end; with CI=true that is a failure unless FINE_PRUNE_WITHOUT_NATIVE=1.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build, demoData, dependencies, nativeEngine, root } from './setup.mjs';

const wanted = process.argv.slice(2);
const temp = mkdtempSync(path.join(os.tmpdir(), 'fine-prune-test-'));
const totals = { passed: 0, failed: 0 };
const failures = [];
const started = Date.now();
/** Niceness of what runs beside VS Code. */
const MODEST = 5;

function count(name, passed, failed, which = []) {
  totals.passed += passed;
  totals.failed += failed;
  if (failed) failures.push(`${name}: ${failed} failed`, ...which.map((test) => `  ${test}`));
}

/** A command that is one test: it passes when it ends with 0. */
function command(name, args) {
  return { name, args, env: {}, conclude: (status) => count(name, status === 0 ? 1 : 0, status === 0 ? 0 : 1) };
}

/** A mocha suite in its own process. Without a count it did not come to its end, and that is a failure. */
function mocha(name, files, env = {}) {
  const counts = path.join(temp, `${name.replace(/\W+/g, '-')}.json`);
  const args = [path.join(root, 'node_modules/mocha/bin/mocha.js'), ...files];
  return {
    name,
    args,
    env: { FINE_PRUNE_TEST_COUNTS: counts, ...env },
    conclude: (status, seconds) => {
      const {
        passed,
        failed,
        failures: which,
      } = existsSync(counts) ? JSON.parse(readFileSync(counts, 'utf8')) : { passed: 0, failed: 1 };
      count(name, passed, failed || (status === 0 && passed > 0 ? 0 : 1), which);
      console.log(`   ${name}: ${passed} passed, ${failed} failed, ${seconds.toFixed(0)} s`);
    },
  };
}

/** A command of the set-up that runs while others do. @returns its exit code */
function background(args) {
  return new Promise((resolve) =>
    spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
      .on('error', () => resolve(1))
      .on('close', resolve),
  );
}

/** What a suite needs, before all suites run; without it the others run all the same. @returns whether it is there */
async function prepared(name, args) {
  if ((await background(args)) === 0) return true;
  count(`${name}: ${args[0]}`, 0, 1);
  return false;
}

/** Runs a job to its end; of several at once, each one's output comes whole when it ends. `modest`: others of this machine go before it. */
async function perform({ name, args, env, conclude }, { live, modest }) {
  const begin = Date.now();
  const title = `\n── ${name}`;
  if (live) console.log(title);
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: live ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  });
  if (modest && child.pid !== undefined) os.setPriority(child.pid, MODEST);
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => said.push(data));
  const status = await new Promise((resolve) => child.on('error', () => resolve(1)).on('close', resolve));
  if (!live) {
    console.log(title);
    process.stdout.write(Buffer.concat(said));
  }
  try {
    conclude(status, (Date.now() - begin) / 1000);
  } catch (error) {
    // A count that cannot be read is this job's failure, and no reason to leave the others.
    console.error(error.message);
    count(name, 0, 1);
  }
}

/**
 * Runs all jobs, those of each list in their order: two that compute at once, and one with a VS Code beside them. VS Code waits more than
 * it computes, and where it does compute a person's patience is tested: it goes before the others.
 */
async function performAll(computing, windows) {
  const live = computing.length + windows.length === 1;
  const waiting = [...computing];
  const worker = async (jobs, modest) => {
    for (let job = jobs.shift(); job; job = jobs.shift()) await perform(job, { live, modest });
  };
  const modest = windows.length > 0;
  await Promise.all([worker([...windows], false), worker(waiting, modest), worker(waiting, modest)]);
}

const testFiles = (suite) =>
  readdirSync(path.join(root, 'test', suite), { recursive: true })
    .filter((f) => f.endsWith('.test.ts') && !f.startsWith(`suite${path.sep}`))
    .sort()
    .map((f) => path.join('test', suite, f));
const asked = (suite) => wanted.length === 0 || wanted.includes(suite);

let nativeMissing = null;
try {
  dependencies();
  // What an earlier build left behind must not be packaged.
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  build();
  await demoData();
  // Both wait for a network more than they compute.
  const browsers = ['host', 'e2e'].some(asked) ? background(['test/harness/install.mjs']) : 0;
  if (process.env.FINE_PRUNE_WITHOUT_NATIVE === '1') nativeMissing = 'FINE_PRUNE_WITHOUT_NATIVE=1 is set';
  else nativeMissing = nativeEngine();
  const noBrowsers = (await browsers) !== 0;
  const env = nativeMissing ? { FINE_PRUNE_WITHOUT_NATIVE: '1' } : {};

  // What computes longest comes first, so that the last ones end together.
  const computing = [];
  if (asked('engine')) {
    const files = testFiles('engine').filter((f) => !nativeMissing || !f.includes('native'));
    const repairs = files.filter((f) => /neural-cleanse|repair|inspect.estimated|pruning-aware|study/.test(f));
    computing.push(
      mocha(
        'engine',
        files.filter((f) => !repairs.includes(f)),
        env,
      ),
      mocha('engine: inversion and repairs', repairs, env),
    );
  }
  if (asked('protocol')) {
    const files = testFiles('protocol');
    const terminal = files.filter((f) => /protocol.(action|cli)/.test(f));
    computing.push(
      mocha('protocol: command line and action', terminal, env),
      mocha(
        'protocol',
        files.filter((f) => !terminal.includes(f)),
        env,
      ),
    );
  }
  if (asked('unit')) computing.push(mocha('unit', testFiles('unit'), env));
  if (asked('webview')) computing.push(mocha('webview', testFiles('webview'), env));
  if (asked('check')) {
    computing.push(
      command('formatting', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.']),
      command('types', ['node_modules/typescript/bin/tsc', '--noEmit', '-p', '.']),
      command('lint and rooms', ['node_modules/eslint/bin/eslint.js', '.']),
      command('schemas match their types', ['scripts/schemas.mjs', '--check']),
    );
  }

  const windows = [];
  if (noBrowsers) count('set-up of VS Code for host and e2e: see above', 0, 1);
  const [host, e2e] = await Promise.all([
    asked('host') && !noBrowsers && prepared('host', ['test/harness/bundle-host.mjs']),
    asked('e2e') && !noBrowsers && prepared('e2e', ['scripts/package.mjs', '--built']),
  ]);
  if (host) windows.push(mocha('host', testFiles('host'), env));
  if (e2e) windows.push(mocha('e2e', testFiles('e2e'), env));
  await performAll(computing, windows);
} catch (error) {
  console.error(error.message);
  count('set-up', 0, 1);
} finally {
  rmSync(temp, { recursive: true, force: true });
}

console.log(`\n${((Date.now() - started) / 1000).toFixed(0)} s in all`);
for (const failure of failures) console.log(failure);
if (nativeMissing) {
  console.log(`NATIVE ENGINE NOT TESTED: ${nativeMissing}`);
  if (process.env.CI === 'true' && process.env.FINE_PRUNE_WITHOUT_NATIVE !== '1') count('native engine', 0, 1);
}
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;
