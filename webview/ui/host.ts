/** The panel that hosts this page. */
export interface Host<In, Out, State> {
  /** Buffers of typed arrays in it are moved, not copied: afterwards the page's arrays are empty. */
  post(message: Out): void;
  /** Hears every valid message; returns what ends it. */
  listen(hear: (message: In) => void): () => void;
  /** Survives hiding the page and reloading the window. `get` gives undefined for what another version kept. */
  state: { get(): State | undefined; set(state: State): void };
}

/** What every page can tell: an error that nothing caught. */
export interface Fault {
  type: 'fault';
  message: string;
}

/** VS Code's own object, which a page gets once. */
interface VsCodeApi {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

/** As long as a fault may be; the validator at the other end takes no more. */
export const FAULT_LENGTH = 4000;

/**
 * Connects the page. Call it once. Errors that nothing catches, and messages that don't validate, become faults.
 * @param parse throws for a message that this page does not know
 * @param parseState throws for a state that this version did not write
 * @param dropped hears what did not validate, so that nobody waits for ever for the answer that it may have been
 */
export function connectHost<In, Out, State>(
  parse: (value: unknown) => In,
  parseState: (value: unknown) => State,
  dropped?: (value: unknown, error: unknown) => void,
): Host<In, Out | Fault, State> {
  const api = acquireVsCodeApi();
  const fault = (what: string, error: unknown): void => {
    const message = `${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    api.postMessage({ type: 'fault', message: message.slice(0, FAULT_LENGTH) } satisfies Fault);
  };
  window.addEventListener('error', (event) => {
    // The browser's word for sizes that it tells of in the next frame; nothing has gone wrong.
    if (!event.message.startsWith('ResizeObserver loop')) fault('Error', event.error ?? event.message);
  });
  window.addEventListener('unhandledrejection', (event) => fault('Unhandled rejection', event.reason));

  const hearers = new Set<(message: In) => void>();
  window.addEventListener('message', (event: MessageEvent<unknown>) => {
    let message: In;
    try {
      message = parse(event.data);
    } catch (error) {
      fault('Message dropped', error);
      dropped?.(event.data, error);
      return;
    }
    for (const hear of hearers) hear(message);
  });

  return {
    post: (message) => api.postMessage(message, buffersIn(message)),
    listen: (hear) => {
      hearers.add(hear);
      return () => hearers.delete(hear);
    },
    state: {
      get: () => {
        const kept = api.getState();
        if (kept === undefined || kept === null) return undefined;
        try {
          return parseState(kept);
        } catch {
          return undefined;
        }
      },
      set: (state) => api.setState(state),
    },
  };
}

/** The buffers of all typed arrays in a plain value, each once. */
export function buffersIn(value: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const visit = (part: unknown): void => {
    if (ArrayBuffer.isView(part)) {
      if (part.buffer instanceof ArrayBuffer) found.add(part.buffer);
    } else if (Array.isArray(part)) part.forEach(visit);
    else if (typeof part === 'object' && part !== null) Object.values(part).forEach(visit);
  };
  visit(value);
  return [...found];
}
