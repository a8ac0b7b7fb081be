import * as vscode from 'vscode';
import {
  parseComparePageState,
  type ComparedSide,
  type ComparePageState,
} from '../../server/protocol/messages/compare-view';
import { isReport } from '../ui/open';
import { COMPARE, ComparePanel, nameOf } from './compare-panel';
import type { ReportContext } from './report-editor';

/** All comparisons of this window: one a pair. They come back when the window is loaded again. */
export class ComparePanels implements vscode.Disposable, vscode.WebviewPanelSerializer {
  private readonly panels = new Map<string, ComparePanel>();
  private readonly registration = vscode.window.registerWebviewPanelSerializer(COMPARE, this);

  constructor(private readonly context: ReportContext) {}

  /** Opens the comparison of two sides, or goes to the one that is open. */
  open(base: ComparedSide, head: ComparedSide): void {
    const state: ComparePageState = { version: 1, base, head };
    const open = this.panels.get(keyOf(state));
    if (open) open.reveal();
    else
      this.adopt(
        vscode.window.createWebviewPanel(
          COMPARE,
          `${nameOf(state)} (${base.label} ↔ ${head.label})`,
          vscode.ViewColumn.Active,
          {},
        ),
        state,
      );
  }

  list(): ComparePanel[] {
    return [...this.panels.values()];
  }

  // VS Code waits for this when a window comes back: an error here would leave an empty tab.
  deserializeWebviewPanel(panel: vscode.WebviewPanel, kept: unknown): Promise<void> {
    const state = this.stateIn(kept);
    if (!state || this.panels.has(keyOf(state))) panel.dispose();
    else this.adopt(panel, state);
    return Promise.resolve();
  }

  /** Leaves the panels to VS Code: closed here, they would not come back when the window is loaded again. */
  dispose(): void {
    this.registration.dispose();
  }

  /** The page has written the state, so it is checked like all that comes from there: only reports are read. */
  private stateIn(kept: unknown): ComparePageState | undefined {
    try {
      const state = parseComparePageState(kept);
      const sides = [state.base, state.head].flatMap((side) => (side ? [vscode.Uri.parse(side.uri, true)] : []));
      if (sides.length > 0 && sides.every(isReport)) return state;
      this.context.log.warn('A comparison could not be restored: its sides are not reports.');
    } catch (error) {
      this.context.log.warn(
        `A comparison could not be restored: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return undefined;
  }

  private adopt(panel: vscode.WebviewPanel, state: ComparePageState): void {
    const key = keyOf(state);
    const comparison = new ComparePanel(panel, state, this.context);
    this.panels.set(key, comparison);
    comparison.onClosed(() => this.panels.delete(key));
  }
}

const keyOf = ({ base, head }: ComparePageState): string => JSON.stringify([base?.uri ?? null, head?.uri ?? null]);
