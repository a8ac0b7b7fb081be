import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { Lifecycle } from './main/lifecycle';
import { startServer } from './main/start';

/** Entry of the language server. The transport (node IPC, or stdio for other editors) is chosen by the command line. */
const lifecycle = new Lifecycle();
const connection = createConnection(ProposedFeatures.all, { messageStrategy: lifecycle });

const GONE = new Set(['EPIPE', 'ERR_IPC_CHANNEL_CLOSED', 'ERR_STREAM_DESTROYED']);

// A defect in one answer must not take the others with it, and must not vanish either.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    // Nobody is there any more: reporting that would fail in the same way, for ever.
    if (GONE.has(String((error as NodeJS.ErrnoException | null)?.code))) process.exit(1);
    try {
      connection.console.error(`${event}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    } catch {
      // The connection itself is gone; the process ends with it.
    }
  });
}

lifecycle.answer(connection);
startServer(connection);
connection.listen();
