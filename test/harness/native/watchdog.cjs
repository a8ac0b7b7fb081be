// native-watchdog ends the extension host when the process that it serves is gone, also while JavaScript is busy.
// This does it only while it is idle, which is enough for tests: the harness kills the whole process group.
'use strict';

exports.start = (pid) => {
  setInterval(() => {
    try {
      process.kill(pid, 0);
    } catch {
      process.exit(87); // the code that VS Code's own watchdog uses
    }
  }, 1000).unref();
};
exports.exit = (code) => process.exit(code || 0);
