#!/usr/bin/env node
import { main } from './cli/program';

// A reader that stops early, such as `head`, is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`The result can't be written to standard output: ${error.message}\n`);
  process.exit(2);
});

void main(process.argv.slice(2));
