import * as vscode from 'vscode';
import { STYLE_HASHES } from '../../webview/ui/csp';
import { pageHtml } from './html';

/** What every page may send in addition to its own messages. */
interface Common {
  type: string;
}

export interface PanelOptions<In> {
  extensionUri: vscode.Uri;
  log: vscode.LogOutputChannel;
  title: string;
  /** Name of the page's bundle in dist/webview. */
  page: string;
  /** Checks what the page sends. @throws when it is no message of the page's protocol */
  parse(value: unknown): In;
}

/** A page that has not said by then that it listens is loaded again, so many times: VS Code's server can lose a script of a page that it restores. */
const READY_WITHIN_MS = 15_000;
const MOST_LOADS = 3;

/**
 * A webview and the page in it. Messages wait until the page says that it listens; what the page sends is checked before anybody
 * acts on it. A page that is hidden is thrown away by VS Code and says `ready` again when it is shown.
 */
export abstract class Panel<In extends Common, Out> implements vscode.Disposable {
  private readonly disposables: vscode.Disposable[] = [];
  private readonly waiting: Out[] = [];
  private listening = false;
  private everReady = false;
  private late: NodeJS.Timeout | undefined;
  private gone = false;
  private readonly closed = new vscode.EventEmitter<void>();
  /** The person has closed it. */
  readonly onClosed = this.closed.event;

  protected constructor(
    protected readonly panel: vscode.WebviewPanel,
    private readonly options: PanelOptions<In>,
  ) {
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [this.root] };
    this.track(panel.onDidDispose(() => this.dispose()));
    this.track(webview.onDidReceiveMessage((value: unknown) => this.receive(value)));
    this.track(
      panel.onDidChangeViewState(() => {
        if (panel.visible || !this.listening) return;
        // A hidden page is gone; what is sent to it would be lost.
        this.listening = false;
        this.onHidden();
      }),
    );
    this.load();
    this.track(new vscode.Disposable(() => clearTimeout(this.late)));
  }

  private get root(): vscode.Uri {
    return vscode.Uri.joinPath(this.options.extensionUri, 'dist', 'webview');
  }

  private load(time = 1): void {
    const {
      panel: { webview },
      options: { title, page, log },
    } = this;
    const at = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(this.root, name)).toString();
    // Its nonce makes it another page each time, which VS Code loads.
    webview.html = pageHtml({
      title,
      cspSource: webview.cspSource,
      styles: [at('codicon.css'), at(`${page}.css`)],
      scripts: [at('toolkit.js'), at(`${page}.js`)],
      styleHashes: STYLE_HASHES,
    });
    if (time === MOST_LOADS) return;
    this.late = setTimeout(() => {
      // A page that is not shown is not loaded; VS Code does that when it is.
      if (this.everReady || !this.panel.visible) return;
      log.warn(`${page}: the page did not respond and is being reloaded`);
      this.load(time + 1);
    }, READY_WITHIN_MS);
  }

  /** Shows it again where it is. */
  reveal(): void {
    this.panel.reveal(undefined, false);
  }

  get ready(): boolean {
    return this.listening;
  }

  dispose(): void {
    if (this.gone) return;
    this.gone = true;
    this.closed.fire();
    this.panel.dispose();
    for (const one of this.disposables.splice(0).reverse()) one.dispose();
    this.closed.dispose();
  }

  protected track(disposable: vscode.Disposable): void {
    this.disposables.push(disposable);
  }

  /** Sends a message now, or as soon as the page listens; never, when the panel has been closed meanwhile. */
  protected send(message: Out): void {
    if (this.gone) return;
    if (this.listening) void this.panel.webview.postMessage(message);
    else this.waiting.push(message);
  }

  /** The page listens, for the first time or again: what it has to know goes first. */
  protected abstract onReady(): void;

  /** The page is gone until it is shown again: nobody waits for what it asked. */
  protected abstract onHidden(): void;

  protected abstract onMessage(message: In): void;

  private receive(value: unknown): void {
    let message: In;
    try {
      message = this.options.parse(value);
    } catch (error) {
      this.options.log.error(
        `${this.options.page}: an invalid message was dropped: ${error instanceof Error ? error.message : String(error)}`,
      );
      return;
    }
    if (message.type === 'ready') {
      this.listening = true;
      this.everReady = true;
      this.onReady();
      for (const one of this.waiting.splice(0)) void this.panel.webview.postMessage(one);
    } else this.onMessage(message);
  }
}
