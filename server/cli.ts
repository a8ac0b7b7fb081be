#!/usr/bin/env node
import { guardExitCode } from './cli/guard';

guardExitCode();

// Loaded only now: what fails while it is loaded is a failure, and no answer.
void import('./cli/program').then(({ main }) => main(process.argv.slice(2)));
