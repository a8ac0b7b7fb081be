import path from 'node:path';
import { serveInspections } from '../../server/engine/inspect/serve';
import type { InspectAnswer, ReportState } from '../../server/protocol/messages/inspect';
import type { InspectSubject } from '../../server/protocol/messages/inspect-engine';
import {
  parseFromInspector,
  type FromInspector,
  type ToInspector,
} from '../../server/protocol/messages/inspector-view';
import { openPage, type OpenPage } from './open-page';
import type { Theme } from './themes';

/** What the page's window holds for the test. */
interface Window {
  sent: string[];
  toHost?(message: string): void;
  /** Typed arrays by their names, since a text carries the messages between this process and the page. */
  pack(value: unknown): string;
  unpack(text: string): unknown;
}

/** Both ends of a text that carries typed arrays: run here and in the page. */
function codec(): Pick<Window, 'pack' | 'unpack'> {
  const classes = { Float32Array, Float64Array, Int32Array, Uint32Array, Uint8Array };
  return {
    pack: (value) =>
      JSON.stringify(value, (_key, part: unknown) =>
        ArrayBuffer.isView(part)
          ? {
              typed: part.constructor.name === 'Buffer' ? 'Uint8Array' : part.constructor.name,
              values: Array.from(part as Uint8Array),
            }
          : part,
      ),
    unpack: (text) =>
      JSON.parse(text, (_key, part: unknown) => {
        const { typed, values } = (part ?? {}) as { typed?: keyof typeof classes; values?: number[] };
        return typed && values ? classes[typed].from(values) : part;
      }),
  };
}

/** VS Code's side of the page. What it sends before the test listens waits. */
function inPage(): void {
  const here = globalThis as unknown as Window;
  here.sent = [];
  let kept: unknown;
  const post = (message: unknown): void => {
    const packed = here.pack(message);
    if (here.toHost) here.toHost(packed);
    else here.sent.push(packed);
  };
  Object.assign(globalThis, {
    acquireVsCodeApi: () => ({ postMessage: post, getState: () => kept, setState: (next: unknown) => (kept = next) }),
  });
}

/** The inspector's page in a browser, and behind it the engine itself, as the panel and the language server put it there. */
export class InspectorHost {
  /** Everything that the page has sent, in order. */
  readonly sent: FromInspector[] = [];
  report: ReportState | null = null;
  private opened!: OpenPage;
  private readonly engine = serveInspections((event) => this.onEngine(event));

  private constructor(private readonly subject: InspectSubject) {}

  static async open(
    subject: InspectSubject,
    { theme, width = 1000, height = 900 }: { theme?: Theme; width?: number; height?: number } = {},
  ): Promise<InspectorHost> {
    const host = new InspectorHost(subject);
    host.opened = await openPage('webview/inspector/main.tsx', {
      ...(theme && { theme }),
      before: { content: `Object.assign(globalThis, (${codec.toString()})()); (${inPage.toString()})();` },
    });
    const { page } = host.opened;
    await page.setViewportSize({ width, height });
    await page.exposeFunction('toHost', (message: string) => host.onPage(message));
    await page.evaluate(() => {
      const here = globalThis as unknown as Window;
      for (const message of here.sent.splice(0)) here.toHost!(message);
    });
    return host;
  }

  get page(): OpenPage['page'] {
    return this.opened.page;
  }

  setTheme(theme: Theme): Promise<void> {
    return this.opened.setTheme(theme);
  }

  faults(): Promise<string[]> {
    return this.opened.faults();
  }

  close(): Promise<void> {
    return this.opened.close();
  }

  /** Tells the page something, as the panel does. */
  async tell(message: ToInspector): Promise<void> {
    await this.page
      .evaluate(
        (text) =>
          void window.dispatchEvent(
            new MessageEvent('message', { data: (globalThis as unknown as Window).unpack(text) }),
          ),
        codec().pack(message),
      )
      .catch(() => undefined);
  }

  private onPage(text: string): void {
    const message = parseFromInspector(codec().unpack(text));
    this.sent.push(message);
    if (message.type === 'ready')
      void this.tell({
        type: 'init',
        configUri: `file://${this.subject.config}`,
        name: path.basename(this.subject.config, '.fineprune.json'),
        trusted: true,
        reveal: null,
      });
    else if (message.type === 'query')
      this.engine.handle({ type: 'query', id: message.id, subject: this.subject, query: message.query });
    else if (message.type === 'cancel') this.engine.handle({ type: 'cancel-query', id: message.id });
  }

  private onEngine(event: Parameters<Parameters<typeof serveInspections>[0]>[0]): void {
    if (event.type === 'answer')
      void this.tell({
        type: 'answer',
        id: event.id,
        answer: (event.answer.kind === 'open'
          ? { ...event.answer, report: this.report }
          : event.answer) as InspectAnswer,
      });
    else if (event.type === 'refused') void this.tell({ type: 'refused', id: event.id, failure: event.failure });
    else if (event.type === 'progress-query')
      void this.tell({ type: 'progress', id: event.id, title: event.title, overall: event.overall });
  }
}
