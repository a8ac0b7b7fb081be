import { readFileSync } from 'node:fs';
import path from 'node:path';
import { compareReports } from '../../../server/engine/report/compare/compare';
import { readReport } from '../../../server/engine/report/json/read-report';
import { issueFingerprint, reviewedIssues } from '../../../server/engine/report/review/review';
import type { DefenseReport } from '../../../server/protocol/report/report';
import type { ToCompare } from '../../../server/protocol/messages/compare-view';
import type { ToReport } from '../../../server/protocol/messages/report-view';
import { projectRoot } from '../../harness/install';
import { openPage, type OpenPage } from '../open-page';
import type { Theme } from '../themes';

const file = path.join(projectRoot, 'examples/mnist-badnets/mnist-badnets.defense.json');
export const example = (): DefenseReport => readReport(readFileSync(file, 'utf8'), file);

/** What the panel's side of the page sees and keeps. */
interface Editor {
  sent: { type: string }[];
  kept: unknown;
}

export async function open(
  page: 'report' | 'compare',
  message: ToReport | ToCompare,
  theme?: Theme,
): Promise<OpenPage> {
  const opened = await openPage(`webview/${page}/main.tsx`, {
    ...(theme && { theme }),
    before: () => {
      const editor: Editor = { sent: [], kept: undefined };
      Object.assign(globalThis, {
        editor,
        acquireVsCodeApi: () => ({
          postMessage: (sent: { type: string }) => editor.sent.push(sent),
          getState: () => editor.kept,
          setState: (state: unknown) => (editor.kept = state),
        }),
      });
    },
  });
  // As the panel does: the page hears nothing before it has said that it is ready, which comes after its load.
  await opened.page.waitForFunction(() => (globalThis as unknown as { editor: Editor }).editor.sent.length > 0);
  await tell(opened, message);
  await opened.page.waitForSelector('h1');
  return opened;
}

export const tell = (opened: OpenPage, message: unknown): Promise<void> =>
  opened.page.evaluate((data) => void window.dispatchEvent(new MessageEvent('message', { data })), message);
export const editorOf = (opened: OpenPage): Promise<Editor> =>
  opened.page.evaluate(() => (globalThis as unknown as { editor: Editor }).editor);
/** Messages but the first, which is `ready`. */
export const sentBy = async (opened: OpenPage): Promise<unknown[]> => (await editorOf(opened)).sent.slice(1);

export function viewOf(
  report = example(),
  change: Partial<Extract<ToReport, { type: 'view' }>> = {},
): Extract<ToReport, { type: 'view' }> {
  const finding = report.findings[0]!.id;
  const decisions = [
    {
      finding,
      decision: 'accept' as const,
      reason: 'Known.',
      author: 'Ada <ada@example.org>',
      date: '2026-01-05',
      fingerprint: issueFingerprint(report, finding),
    },
  ];
  return {
    type: 'view',
    name: 'mnist-badnets',
    view: {
      report,
      issues: reviewedIssues(report, { schemaVersion: 2, decisions }, '2026-02-01'),
      changed: ['the model'],
    },
    local: true,
    trusted: true,
    ...change,
  };
}

export const side = (label: string) => ({ uri: `git:/${label}`, label });
export function comparisonOf(base: DefenseReport | null, head: DefenseReport | null): ToCompare {
  return {
    type: 'comparison',
    state: { version: 1, base: base && side('HEAD'), head: head && side('tree') },
    name: 'mnist-badnets',
    labels: { base: 'HEAD', head: 'tree' },
    comparison: compareReports(base, head),
  };
}

export function changed(): DefenseReport {
  const head = example();
  head.pruning.units = [...head.pruning.units.slice(1), 1];
  head.provenance.config.fineTune.epochs = 5;
  head.gates[0]!.limit = 0.5;
  return head;
}
