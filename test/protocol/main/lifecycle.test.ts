import assert from 'node:assert/strict';
import { type ChildProcess, fork, spawn } from 'node:child_process';
import {
  createProtocolConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type ProtocolConnection,
  type ResponseError,
} from 'vscode-languageserver-protocol/node';
import { isAlive } from '../../harness/alive';
import { built } from '../../harness/built';
import { waitFor } from '../../harness/poll';

const NOT_INITIALIZED = -32002;
const INVALID_REQUEST = -32600;
const INITIALIZE = { processId: process.pid, rootUri: null, capabilities: {} };

/** The order in which the protocol has a server begin and end. */
describe('life of the language server', function () {
  this.timeout(30_000);
  let server: ChildProcess;
  let connection: ProtocolConnection;
  let ended: Promise<number | null>;

  beforeEach(() => {
    server = fork(built('server'), ['--node-ipc'], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [] });
    ended = new Promise((resolve) => server.once('exit', resolve));
    connection = createProtocolConnection(new IPCMessageReader(server), new IPCMessageWriter(server));
    connection.listen();
  });
  afterEach(() => {
    connection.dispose();
    server.kill('SIGKILL');
  });

  async function refused(code: number, method: string, params: unknown = {}): Promise<void> {
    await assert.rejects(connection.sendRequest(method, params), (error: ResponseError) => {
      assert.equal(error.code, code, `${method}: ${error.message}`);
      return true;
    });
  }
  const AT = { textDocument: { uri: 'file:///x.fineprune.json' }, position: { line: 0, character: 0 } };
  const REQUESTS: [string, unknown][] = [
    ['textDocument/hover', AT],
    ['textDocument/codeLens', AT],
    ['finePrune/run', {}],
    ['nonsense', {}],
  ];

  it('takes requests only between initialize and shutdown, and ends with 0', async () => {
    for (const [method, params] of REQUESTS) await refused(NOT_INITIALIZED, method, params);
    await connection.sendRequest('initialize', INITIALIZE);
    await connection.sendNotification('initialized', {});
    assert.equal(await connection.sendRequest('textDocument/hover', AT), null);
    await refused(INVALID_REQUEST, 'initialize', INITIALIZE);
    await connection.sendRequest('shutdown');
    for (const [method, params] of REQUESTS) await refused(INVALID_REQUEST, method, params);
    await refused(INVALID_REQUEST, 'shutdown');
    await refused(INVALID_REQUEST, 'initialize', INITIALIZE);
    await connection.sendNotification('textDocument/didOpen', {});
    await connection.sendNotification('exit');
    assert.equal(await ended, 0);
  });

  it('ends with 1 on an exit without a shutdown, initialized or not', async () => {
    await connection.sendNotification('exit');
    assert.equal(await ended, 1);
  });

  it('ends with 1 on an exit of a running server', async () => {
    await connection.sendRequest('initialize', INITIALIZE);
    await connection.sendNotification('exit');
    assert.equal(await ended, 1);
  });

  it('ends with its parent, whichever way that goes', async () => {
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      const code = `const server = require('node:child_process').fork(${JSON.stringify(built('server'))}, ['--node-ipc'], { execArgv: [] });
        server.once('message', () => console.log(server.pid));
        server.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { processId: process.pid, rootUri: null, capabilities: {} } });`;
      const parent = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
      let said = '';
      parent.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
      const pid = Number(await waitFor('the server', () => said.includes('\n') && said));
      parent.kill(signal);
      await waitFor('its end', () => !isAlive(pid), { deadlineMs: 8_000 });
    }
  });

  it('ends by itself on SIGTERM and SIGINT', async () => {
    await connection.sendRequest('initialize', INITIALIZE);
    server.kill('SIGTERM');
    await ended;
    assert.equal(server.signalCode, 'SIGTERM');
  });
});
