import {
  type Connection,
  ErrorCodes,
  type Message,
  type MessageStrategy,
  type RequestMessage,
  ResponseError,
} from 'vscode-languageserver/node';

/** Where a request goes that comes before `initialize` was answered or after `shutdown`. */
const REFUSED = 'finePrune/refused';

const isRequest = (message: Message): message is RequestMessage => 'method' in message && 'id' in message;

/**
 * Holds the order of the protocol, which the library leaves to servers: before `initialize` a request gets ServerNotInitialized, a second
 * `initialize` and whatever comes after `shutdown` get InvalidRequest; notifications at those times are dropped, but for `exit`.
 */
export class Lifecycle implements MessageStrategy {
  private state: 'new' | 'running' | 'shut down' = 'new';

  handleMessage(message: Message, next: (message: Message) => void): void {
    if (!('method' in message)) return next(message);
    const { method } = message as { method: string };
    if (method === 'exit') return next(message);
    const allowed =
      this.state === 'running' ? method !== 'initialize' : this.state === 'new' && method === 'initialize';
    if (!allowed) {
      if (isRequest(message)) next({ ...message, method: REFUSED } as Message);
      return;
    }
    if (method === 'initialize') this.state = 'running';
    else if (method === 'shutdown') this.state = 'shut down';
    next(message);
  }

  /** Has the connection answer what is refused. */
  answer(connection: Connection): void {
    connection.onRequest(REFUSED, () => {
      throw this.state === 'new'
        ? new ResponseError(ErrorCodes.ServerNotInitialized, 'The server is not initialized: `initialize` comes first.')
        : new ResponseError(
            ErrorCodes.InvalidRequest,
            this.state === 'shut down'
              ? 'The server was shut down; it takes only `exit`.'
              : 'The server is initialized already.',
          );
    });
  }
}
