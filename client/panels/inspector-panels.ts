import * as vscode from 'vscode';
import type { InspectTarget } from '../../server/protocol/messages/lsp';
import { parseInspectorState } from '../../server/protocol/messages/inspector-view';
import { runName } from '../run/runs';
import { isConfig } from '../ui/open';
import { INSPECTOR, InspectorPanel, type InspectorContext } from './inspector-panel';

/** All inspectors of this window: at most one a config. They come back when the window is loaded again. */
export class InspectorPanels implements vscode.Disposable, vscode.WebviewPanelSerializer {
  private readonly panels = new Map<string, InspectorPanel>();
  private readonly registration = vscode.window.registerWebviewPanelSerializer(INSPECTOR, this);

  constructor(private readonly context: InspectorContext) {}

  /** Opens the inspector of a config beside the editor, or goes to the one that is open. */
  open(config: vscode.Uri, target?: InspectTarget): void {
    const open = this.panels.get(config.toString());
    if (open) {
      open.goTo(target);
      return;
    }
    const column = vscode.window.activeTextEditor ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active;
    this.adopt(vscode.window.createWebviewPanel(INSPECTOR, `Inspect: ${runName(config)}`, column, {}), config, target);
  }

  list(): InspectorPanel[] {
    return [...this.panels.values()];
  }

  // VS Code waits for this when a window comes back: an error here would leave an empty tab.
  deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const config = this.configIn(state);
    if (!config || this.panels.has(config.toString())) panel.dispose();
    else this.adopt(panel, config);
    return Promise.resolve();
  }

  /** Leaves the panels to VS Code: closed here, they would not come back when the window is loaded again. */
  dispose(): void {
    this.registration.dispose();
  }

  /** The page has written the state, so it is checked like all that comes from there. A config that is gone is the page's to tell. */
  private configIn(state: unknown): vscode.Uri | undefined {
    try {
      const config = vscode.Uri.parse(parseInspectorState(state).configUri, true);
      if (isConfig(config)) return config;
      this.context.log.warn(`An inspector could not be restored: ${config.toString()} is not a config.`);
    } catch (error) {
      this.context.log.warn(
        `An inspector could not be restored: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return undefined;
  }

  private adopt(panel: vscode.WebviewPanel, config: vscode.Uri, target?: InspectTarget): void {
    const key = config.toString();
    const icon = (theme: string) => vscode.Uri.joinPath(this.context.extensionUri, 'media', `inspect-${theme}.svg`);
    panel.iconPath = { light: icon('light'), dark: icon('dark') };
    const inspector = new InspectorPanel(panel, config, this.context, target);
    this.panels.set(key, inspector);
    inspector.onClosed(() => this.panels.delete(key));
  }
}
