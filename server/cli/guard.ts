import { toFailure } from '../engine/process/failure';
import { EXIT, reportFailure } from './exit';
import { say } from './output/print';

/**
 * What the process ends with when something else than a command has the last word. A command's exit code is its answer, so that no
 * accident may look like one: what nobody caught, what could not be printed, work that stopped without an end.
 */

/** Codes of a reader that has gone, such as `head`: that is no failure, and changes no answer. */
const READER_GONE = new Set(['EPIPE', 'ERR_STREAM_DESTROYED', 'ECONNRESET']);

let answerLost = false;
let defect = false;

/** Call it first: loading the rest can fail, too. */
export function guardExitCode(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (READER_GONE.has(String(error.code)) || answerLost) return;
    answerLost = true;
    say(`The result can't be written to standard output: ${error.message}\n`);
  });
  // Progress and warnings that nobody can read are no reason to give up the work.
  process.stderr.on('error', () => undefined);
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      if (!defect) {
        defect = true;
        reportFailure(toFailure(error), process.argv.includes('--json'));
      }
      process.exit(EXIT.engine);
    });
  }
  process.on('beforeExit', () => {
    if (process.exitCode !== undefined) return;
    defect = true;
    reportFailure(toFailure(new Error('the command stopped without an answer')), process.argv.includes('--json'));
  });
  process.on('exit', () => {
    if (defect) process.exitCode = EXIT.engine;
    else if (answerLost) process.exitCode = EXIT.input;
  });
}
