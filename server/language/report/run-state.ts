import type { DefenseReport } from '../../protocol/report/report';
import type { RunSetting } from '../../protocol/report/run-settings';
import { percentDone, list } from '../../protocol/words';

/** What is known of the last run of a config. */
export interface LastRun {
  report: DefenseReport;
  reportUri: string;
  /** What changed since the report was written, in words; empty when its figures still hold. */
  changed: readonly string[];
  /** Settings that its run had from a command line and the config has not; the report holds, and the config asks for another run. */
  settings?: readonly RunSetting[];
}

/** A run that is going on or waits. */
export interface ActiveRun {
  state: 'running' | 'queued';
  /** What it does now, as the progress notification has it. */
  title: string;
  /** Share that is done, 0 to 1. */
  overall: number;
}

/** `Stale: the model changed since this run.` */
export function staleText(changed: readonly string[]): string {
  return `Stale: ${list(changed)} changed since this run. Run Fine-Prune again to update the figures.`;
}

/** Phase, step and share; the figures so far stay with the notification, since a lens that is longer than its line is cut off. */
export function activeTitle(active: ActiveRun): string {
  if (active.state === 'queued') return `$(clock) ${active.title}`;
  const [phase, ...details] = active.title.split(' · ');
  const steps = details.filter((detail) => detail.startsWith('step '));
  return `$(sync~spin) ${[phase, ...steps].join(' · ')} (${percentDone(active.overall)})`;
}
