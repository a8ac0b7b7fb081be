import assert from 'node:assert/strict';
import { Suite, Test } from 'mocha';
import type { HostResults } from './results';
import { runHostTests } from './run';

/** Each test that ran inside VS Code becomes a test of this run, so that they are counted and reported like all others. */
describe('in a real VS Code', function () {
  let results: HostResults;

  before('VS Code runs the host tests', async function () {
    this.timeout(20 * 60_000);
    results = await runHostTests();
    const inside = Suite.create(this.test?.parent as Suite, '');
    for (const { title, state, ms, error } of results.tests) {
      inside.addTest(new Test(`${title} (${ms} ms)`, () => assert.equal(state, 'passed', error)));
    }
  });

  // Also what makes mocha run the hook at all: a suite has to have a test before it starts.
  it('comes to the end of the host tests', () => {
    assert.equal(results.passed + results.failed, results.tests.length);
    assert.ok(results.passed > 0, 'no host test passed');
  });
});
