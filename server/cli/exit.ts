import { describeFailure, type Failure } from '../protocol/errors';
import type { DefenseReport } from '../protocol/report/report';
import type { ScanWord } from '../protocol/report/scan';
import { toFailure } from '../engine/process/failure';
import { exitCodeOfCancellation } from './cancellation';
import { painter, wantsColour } from './output/paint';
import { printJson, say } from './output/print';

/** What a script learns from the exit code. */
export const EXIT = { ok: 0, gateMissed: 1, suspicious: 1, input: 2, engine: 3, cancelled: 130 } as const;

/** 0 when every gate is met, or when only the report was asked for. A gate that could not be measured is missed. */
export function exitCodeOfReport(report: DefenseReport, reportOnly: boolean): number {
  return reportOnly || report.gates.every((gate) => gate.met) ? EXIT.ok : EXIT.gateMissed;
}

/** What could not be measured did not come out well, whoever asks. */
export function exitCodeOfScan(word: ScanWord, reportOnly: boolean): number {
  if (word === 'not measurable') return EXIT.input;
  return word === 'suspicious' && !reportOnly ? EXIT.suspicious : EXIT.ok;
}

/** Bad input 2, engine 3, cancelled 130, or what the signal says that cancelled. */
export function exitCodeOfFailure({ kind }: Failure): number {
  return kind === 'cancelled' ? exitCodeOfCancellation() : EXIT[kind];
}

/** Does the work of a command and says how it ended: an exit code for the shell, one message for the person or the machine. */
export async function conclude(json: boolean, work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    process.exitCode = reportFailure(toFailure(error), json);
  }
}

/** Tells a failure: as JSON on standard output, or in words on standard error. @returns the exit code */
export function reportFailure(failure: Failure, json: boolean): number {
  if (json) printJson({ failure });
  else {
    const paint = painter(wantsColour(process.stderr, process.env));
    const label = failure.kind === 'cancelled' ? '' : `${paint('red', 'error')} `;
    say(`${label}${describeFailure(failure)}\n`);
  }
  return exitCodeOfFailure(failure);
}
