import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';
import { resultsVariable, type HostResults, type HostTest } from '../results';

/**
 * The entry that VS Code calls in its extension host: runs every `*.test.js` beside this file and writes the
 * results to the file named by `FINE_PRUNE_HOST_RESULTS`, because an exit code alone cannot tell a run of no tests
 * from a good one.
 * @throws Error when a test failed, which makes VS Code end with code 1
 */
export async function run(): Promise<void> {
  // The runner outside reports; in here nobody would see it in time.
  const reporter = class {} as unknown as Mocha.ReporterConstructor;
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, reporter, forbidOnly: true, forbidPending: true });
  for (const name of readdirSync(__dirname).sort()) {
    if (name.endsWith('.test.js')) mocha.addFile(path.join(__dirname, name));
  }
  const tests: HostTest[] = [];
  const began = Date.now();
  const failures = await new Promise<number>((resolve) => {
    const runner = mocha.run(resolve);
    runner.on(Mocha.Runner.constants.EVENT_TEST_PASS, (test) => {
      tests.push({ title: test.fullTitle(), state: 'passed', ms: test.duration ?? 0 });
    });
    // Hooks arrive here too, and a failing hook is a failure.
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test, error: Error) => {
      tests.push({
        title: test.fullTitle(),
        state: 'failed',
        ms: test.duration ?? 0,
        error: error.stack ?? String(error),
      });
    });
  });
  const failed = tests.filter(({ state }) => state === 'failed').length;
  const results: HostResults = { passed: tests.length - failed, failed, ms: Date.now() - began, tests };
  const file = process.env[resultsVariable];
  if (file) {
    writeFileSync(`${file}.tmp`, JSON.stringify(results, null, 2));
    renameSync(`${file}.tmp`, file);
  }
  if (failures > 0) throw new Error(`${failures} host tests failed`);
}
