import type { DefenseReport } from '../../protocol/report/report';
import type { RunSetting } from '../../protocol/report/run-settings';
import { CONFIG_FILE, REPORT_FILE } from '../../protocol/files';
import { formerUnknownText, formerVersion, type Renewal } from '../../protocol/report/former';
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

/** `Stale: the model changed since this run.` Of a report that an earlier version wrote, that it has to be renewed. */
export function staleText(changed: readonly string[], report: DefenseReport, reportUri: string): string {
  const former = formerVersion(report);
  if (former) return formerUnknownText(former, renewalOf(reportUri));
  return `Stale: ${list(changed)} changed since this run. Run Fine-Prune again to update the figures.`;
}

/** The command that writes a report again. */
export function renewalOf(reportUri: string): Renewal {
  const fileName = decodeURIComponent(reportUri.slice(reportUri.lastIndexOf('/') + 1));
  return `fine-prune run ${CONFIG_FILE.named(REPORT_FILE.nameOf(fileName))}`;
}

/** Phase, step and share; the figures so far stay with the notification, since a lens that is longer than its line is cut off. */
export function activeTitle(active: ActiveRun): string {
  if (active.state === 'queued') return `$(clock) ${active.title}`;
  const [phase, ...details] = active.title.split(' · ');
  const steps = details.filter((detail) => detail.startsWith('step '));
  return `$(sync~spin) ${[phase, ...steps].join(' · ')} (${percentDone(active.overall)})`;
}
