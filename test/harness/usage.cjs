// Loaded before a program, to say at its end what it has used: FINE_PRUNE_USAGE names the file.
const { writeFileSync } = require('node:fs');

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const used = { cpuMs: (userCPUTime + systemCPUTime) / 1000, peakBytes: maxRSS * 1024 };
  writeFileSync(process.env.FINE_PRUNE_USAGE, JSON.stringify(used));
});
