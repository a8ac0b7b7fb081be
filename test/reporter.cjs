// Mocha's spec output, and the counts in a file: an exit code alone cannot tell "all passed" from "none ran".
const { writeFileSync, renameSync } = require('node:fs');
const { reporters } = require('mocha');

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const file = process.env.FINE_PRUNE_TEST_COUNTS;
      if (!file) return;
      const { passes, failures, pending } = this.stats;
      writeFileSync(`${file}.tmp`, JSON.stringify({ passed: passes, failed: failures + pending }));
      renameSync(`${file}.tmp`, file);
    });
  }
};
