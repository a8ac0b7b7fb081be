import type { ChildProcess } from 'node:child_process';
import { cancelled, FinePruneError, type Failure } from '../protocol/errors';
import type { EngineAnswer, InspectEvent, InspectQuery, InspectSubject } from '../protocol/inspect';
import { forget, notStarted, startChild, tail, tell, whyItDied, type ChildOptions } from './engine-child';

export interface InspectorOptions extends ChildOptions {
  /** The process ended while nobody asked anything of it. */
  onEnded(failure: Failure): void;
  onLog(level: 'info' | 'warn', message: string): void;
  /** Ends a process that nobody has asked anything for so long. Default 15 minutes. */
  idleMs?: number;
}

export interface AskOptions {
  signal: AbortSignal;
  onProgress?(title: string, overall: number): void;
}

const IDLE_MS = 15 * 60_000;
/** A process that does not answer a cancel, since one operation takes so long, is ended. */
const CANCEL_WITHIN_MS = 5_000;

interface Waiting {
  settle(how: { answer: EngineAnswer } | { error: Error }): void;
  onProgress?(title: string, overall: number): void;
}

/** One engine process that answers the inspector's questions: started by the first one, and again after it has died. */
export class InspectorProcess {
  private child: ChildProcess | undefined;
  private queue: (() => void)[] = [];
  private readonly waiting = new Map<number, Waiting>();
  private idle: NodeJS.Timeout | undefined;
  private lastId = 0;
  private disposed = false;

  constructor(private readonly options: InspectorOptions) {}

  /** Process id while it runs. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /**
   * Asks one question.
   * @throws FinePruneError what the engine refuses it with; `engine.crashed`, `engine.outOfMemory` or `engine.start` when the
   *   process dies; `cancelled` when the signal fires
   */
  ask(subject: InspectSubject, query: InspectQuery, { signal, onProgress }: AskOptions): Promise<EngineAnswer> {
    if (signal.aborted || this.disposed) return Promise.reject(cancelled());
    clearTimeout(this.idle);
    const id = ++this.lastId;
    const child = (this.child ??= this.start());
    return new Promise<EngineAnswer>((resolve, reject) => {
      let deadline: NodeJS.Timeout | undefined;
      const cancel = (): void => {
        tell(child, { type: 'cancel-query', id });
        deadline = setTimeout(() => this.end(child), CANCEL_WITHIN_MS);
      };
      signal.addEventListener('abort', cancel, { once: true });
      this.waiting.set(id, {
        ...(onProgress && { onProgress }),
        settle: (how) => {
          clearTimeout(deadline);
          signal.removeEventListener('abort', cancel);
          this.waiting.delete(id);
          this.restWhenIdle();
          if ('answer' in how) resolve(how.answer);
          else reject(signal.aborted ? cancelled() : how.error);
        },
      });
      this.whenReady(() => tell(child, { type: 'query', id, subject, query }));
    });
  }

  /** Ends the process; the next question starts another one. */
  stop(): void {
    if (this.child) this.end(this.child);
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.idle);
    this.stop();
  }

  private ready = false;

  private whenReady(act: () => void): void {
    if (this.ready) act();
    else this.queue.push(act);
  }

  private start(): ChildProcess {
    const child = startChild(this.options);
    const log = tail(child);
    this.ready = false;
    this.queue = [];
    child.on('message', (event: InspectEvent) => {
      if (this.child === child) this.onEvent(child, event);
    });
    child.once('error', (error) => {
      if (child.pid === undefined) this.gone(child, notStarted(error));
    });
    child.once('close', (code, signal) => {
      const text = log();
      const failure = whyItDied(code, signal, text);
      if (this.child === child && text) this.options.onLog('warn', `The engine's last words:\n${text}`);
      this.gone(child, failure);
    });
    return child;
  }

  private onEvent(child: ChildProcess, event: InspectEvent): void {
    switch (event.type) {
      case 'ready':
        tell(child, { type: 'inspect' });
        this.ready = true;
        for (const act of this.queue.splice(0)) act();
        break;
      case 'log':
        this.options.onLog(event.level, event.message);
        break;
      case 'progress-query':
        this.waiting.get(event.id)?.onProgress?.(event.title, event.overall);
        break;
      case 'answer':
        this.waiting.get(event.id)?.settle({ answer: event.answer });
        break;
      case 'refused':
        this.waiting.get(event.id)?.settle({ error: new FinePruneError(event.failure) });
        break;
    }
  }

  /** Ends a process on purpose: whoever still waits for it is told that it was cancelled. */
  private end(child: ChildProcess): void {
    child.kill('SIGKILL');
    if (this.child !== child) return;
    this.child = undefined;
    this.settleAll(cancelled());
  }

  private gone(child: ChildProcess, failure: Failure): void {
    forget(child);
    if (this.child !== child) return;
    this.child = undefined;
    if (this.waiting.size === 0) this.options.onEnded(failure);
    else this.settleAll(new FinePruneError(failure));
  }

  private settleAll(error: Error): void {
    for (const one of [...this.waiting.values()]) one.settle({ error });
  }

  private restWhenIdle(): void {
    clearTimeout(this.idle);
    if (this.waiting.size > 0 || !this.child) return;
    this.idle = setTimeout(() => this.stop(), this.options.idleMs ?? IDLE_MS);
    this.idle.unref();
  }
}
