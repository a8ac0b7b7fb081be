// Mocha's spec output, and the counts in a file: an exit code alone cannot tell "all passed" from "none ran".
const { writeFileSync, renameSync } = require('node:fs');
const { reporters } = require('mocha');

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    // What failed is said once more at the end of all suites: of a long log often only the end is kept.
    const failures = [];
    const title = (test) => test.titlePath().join(' › ');
    runner.on('fail', (test, error) =>
      failures.push(
        `${title(test)}\n    ${String(error?.message ?? error)
          .split('\n')
          .slice(0, 12)
          .join('\n    ')}`,
      ),
    );
    runner.on('pending', (test) => failures.push(`${title(test)}\n    was skipped`));
    runner.once('end', () => {
      const file = process.env.FINE_PRUNE_TEST_COUNTS;
      if (!file) return;
      const { passes, failures: failed, pending } = this.stats;
      writeFileSync(`${file}.tmp`, JSON.stringify({ passed: passes, failed: failed + pending, failures }));
      renameSync(`${file}.tmp`, file);
    });
  }
};
