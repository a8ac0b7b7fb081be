import type { ChildProcess } from 'node:child_process';
import { oneDnnFaultOf, retryMessage, type OneDnnFault } from '../engine/backend/one-dnn';
import type { EngineEvent } from '../protocol/messages/engine';
import { cancelled, FinePruneError, type Failure } from '../protocol/errors';
import type { InspectQuery } from '../protocol/messages/inspect';
import type { EngineAnswer, InspectEvent, InspectSubject } from '../protocol/messages/inspect-engine';
import { forget, notStarted, startChild, tail, tell, whyItDied, type ChildOptions } from './engine-child';

export interface InspectorOptions extends ChildOptions {
  /** The process ended while nobody asked anything of it. */
  onEnded(failure: Failure): void;
  onLog(level: 'info' | 'warn', message: string): void;
  /** Ends a process that nobody has asked anything for so long. Default 15 minutes. */
  idleMs?: number;
  /** Ends a process that does not answer a cancel for so long, since one operation takes longer. Default 5 seconds. */
  cancelWithinMs?: number;
}

export interface AskOptions {
  signal: AbortSignal;
  onProgress?(title: string, overall: number): void;
}

const IDLE_MS = 15 * 60_000;
const CANCEL_WITHIN_MS = 5_000;

interface Question {
  readonly id: number;
  readonly subject: InspectSubject;
  readonly query: InspectQuery;
  /** What a process chooses its backend by. */
  readonly backend: string;
  readonly onProgress: AskOptions['onProgress'];
  readonly signal: AbortSignal;
  /** Refused once by a process with another backend. */
  retried: boolean;
  settle(how: { answer: EngineAnswer } | { error: Error }): void;
}

/** A process of ours. */
interface Engine {
  readonly child: ChildProcess;
  readonly backend: string;
  /** What the process before it died of, so that it runs without oneDNN. */
  readonly fault: OneDnnFault | null;
  ready: boolean;
  /** Answers what it was asked, and gives way to another one. */
  leaving: boolean;
  /** What it said of its own end. */
  failure?: Failure;
}

/** A process that fails as a whole says so in the way of a run. */
type Message = InspectEvent | Extract<EngineEvent, { type: 'failed' }>;

/**
 * One engine process that answers the inspector's questions: started by the first one, and again after it has died. It chooses its
 * backend once, so a question that wants another one waits until those before it are answered, and has a new process started.
 */
export class InspectorProcess {
  private engine: Engine | undefined;
  /** Questions that the process has been sent, and those that are not sent yet; both in the order in which they came. */
  private readonly sent = new Map<number, Question>();
  private queue: Question[] = [];
  private idle: NodeJS.Timeout | undefined;
  private lastId = 0;
  /** What the last process died of, and may not have without oneDNN. */
  private fault: OneDnnFault | null = null;
  private disposed = false;

  constructor(private readonly options: InspectorOptions) {}

  /** Process id while it runs. */
  get pid(): number | undefined {
    return this.engine?.child.pid;
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
    return new Promise<EngineAnswer>((resolve, reject) => {
      let deadline: NodeJS.Timeout | undefined;
      const cancel = (): void => {
        const engine = this.engine;
        if (!engine || !this.sent.has(id)) return question.settle({ error: cancelled() });
        tell(engine.child, { type: 'cancel-query', id });
        deadline = setTimeout(() => {
          const [answered] = this.sent.keys();
          // Behind another question it has cost nothing yet, and that one is worth its time.
          if (answered === id) this.replace(engine);
          else question.settle({ error: cancelled() });
        }, this.options.cancelWithinMs ?? CANCEL_WITHIN_MS);
      };
      const question: Question = {
        id,
        subject,
        query,
        signal,
        onProgress,
        backend: JSON.stringify([subject.backend, subject.nativeBinding]),
        retried: false,
        settle: (how) => {
          clearTimeout(deadline);
          signal.removeEventListener('abort', cancel);
          this.sent.delete(id);
          this.queue = this.queue.filter((one) => one !== question);
          if ('answer' in how) resolve(how.answer);
          else reject(signal.aborted ? cancelled() : how.error);
        },
      };
      signal.addEventListener('abort', cancel, { once: true });
      this.queue.push(question);
      this.advance();
    });
  }

  /** Ends the process for good; whoever still waits is told that it was cancelled. */
  dispose(): void {
    this.disposed = true;
    clearTimeout(this.idle);
    this.end();
    this.settleAll(cancelled());
  }

  /** Sends what the process can answer; starts one, or another one, for what it can't. */
  private advance(): void {
    const [first] = this.queue;
    if (
      first &&
      this.sent.size === 0 &&
      (!this.engine || this.engine.leaving || this.engine.backend !== first.backend)
    ) {
      this.end();
      this.engine = this.start(first.backend);
    }
    const { engine } = this;
    if (!engine?.ready) return;
    while (!engine.leaving && this.queue[0]?.backend === engine.backend) {
      const question = this.queue.shift()!;
      this.sent.set(question.id, question);
      tell(engine.child, { type: 'query', id: question.id, subject: question.subject, query: question.query });
    }
    this.restWhenIdle();
  }

  private start(backend: string): Engine {
    const { fault } = this;
    const child = startChild(this.options, fault);
    const engine: Engine = { child, backend, fault, ready: false, leaving: false };
    const log = tail(child);
    child.on('message', (event: Message) => {
      if (this.engine === engine) this.onEvent(engine, event);
    });
    child.on('error', (error) => {
      if (child.pid === undefined) this.gone(engine, notStarted(error), '');
    });
    // 'close' and not 'exit': the last answer and the last words may still be in their pipes.
    child.once('close', (code, signal) => {
      const fault = this.engine === engine ? oneDnnFaultOf({ failure: engine.failure, code, signal }) : null;
      this.gone(engine, engine.failure ?? whyItDied(code, signal, log(), 'Try again'), log(), fault);
    });
    return engine;
  }

  private onEvent(engine: Engine, event: Message): void {
    switch (event.type) {
      case 'ready':
        tell(engine.child, { type: 'inspect' });
        engine.ready = true;
        this.advance();
        break;
      case 'log':
        this.options.onLog(event.level, event.message);
        break;
      case 'progress-query':
        this.sent.get(event.id)?.onProgress?.(event.title, event.overall);
        break;
      case 'answer':
        this.sent.get(event.id)?.settle({ answer: event.answer });
        this.advance();
        break;
      case 'refused':
        this.refused(engine, event.id, event.failure);
        this.advance();
        break;
      case 'failed':
        engine.failure = event.failure;
        break;
    }
  }

  private refused(engine: Engine, id: number, failure: Failure): void {
    const question = this.sent.get(id);
    if (!question) return;
    const fault = engine.fault ? null : oneDnnFaultOf({ failure });
    if ((failure.code !== 'inspect.backend' && !fault) || question.retried || question.signal.aborted)
      return question.settle({ error: new FinePruneError(failure) });
    // A process that goes because of oneDNN takes no turn from the question: the next one may have another backend than is asked for.
    if (fault) this.withoutOneDnn(fault, failure);
    else question.retried = true;
    engine.leaving = true;
    this.askAgain([question]);
  }

  /** From now on, processes start without oneDNN. */
  private withoutOneDnn(fault: OneDnnFault, { message }: Failure): void {
    if (this.fault) return;
    this.fault = fault;
    this.options.onLog('warn', retryMessage(fault, message));
  }

  /** Ends a process that is stuck in what nobody wants any more; a new one takes the questions of the others. */
  private replace(stuck: Engine): void {
    if (this.engine !== stuck) return;
    this.end();
    this.handOver();
  }

  /** A new process takes the questions of one that is gone, but for those that nobody wants any more. */
  private handOver(): void {
    const sent = [...this.sent.values()];
    this.askAgain(sent.filter(({ signal }) => !signal.aborted));
    for (const { signal, settle } of sent) if (signal.aborted) settle({ error: cancelled() });
    this.advance();
  }

  private askAgain(questions: readonly Question[]): void {
    for (const { id } of questions) this.sent.delete(id);
    this.queue = [...this.queue, ...questions].sort((a, b) => a.id - b.id);
  }

  /** Ends the process on purpose. */
  private end(): void {
    this.engine?.child.kill('SIGKILL');
    this.engine = undefined;
  }

  private gone(engine: Engine, failure: Failure, lastWords: string, fault: OneDnnFault | null = null): void {
    forget(engine.child);
    if (this.engine !== engine) return;
    this.engine = undefined;
    clearTimeout(this.idle);
    if (lastWords) this.options.onLog('warn', `Engine output before it exited:\n${lastWords}`);
    const waiting = this.sent.size + this.queue.length > 0;
    if (waiting && fault && !engine.fault) {
      this.withoutOneDnn(fault, failure);
      return this.handOver();
    }
    // Without oneDNN it died as well, so that was not it.
    if (engine.fault) this.fault = null;
    if (!waiting) this.options.onEnded(failure);
    else this.settleAll(new FinePruneError(failure));
  }

  private settleAll(error: Error): void {
    for (const { settle } of [...this.sent.values(), ...this.queue]) settle({ error });
  }

  private restWhenIdle(): void {
    clearTimeout(this.idle);
    if (this.sent.size + this.queue.length > 0 || !this.engine) return;
    this.idle = setTimeout(() => this.end(), this.options.idleMs ?? IDLE_MS);
    this.idle.unref();
  }
}
