import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { LanguageServer } from '../../../client/language/server';
import type { InspectAnswer, InspectQuery } from '../../../server/protocol/messages/inspect';
import { INSPECT_REQUEST, type InspectParams, type InspectResult } from '../../../server/protocol/messages/lsp';
import { waitFor } from '../../harness/poll';
import { closeEditors, configText, demoFolder, extension, open } from './demo';

describe('the channel between client and server', function () {
  this.timeout(120_000);
  let server: LanguageServer;

  before(async () => {
    const { extensionPath } = await extension();
    server = new LanguageServer(extensionPath, vscode.window.createOutputChannel('Channel of a test', { log: true }));
  });
  after(async () => {
    await server.dispose();
    await closeEditors();
  });

  async function ask(
    config: vscode.Uri,
    query: InspectQuery,
    token: number,
    cancellation?: vscode.CancellationToken,
  ): Promise<InspectAnswer> {
    const result = await server.request<InspectResult>(
      INSPECT_REQUEST,
      { configUri: config.toString(), query, token } satisfies InspectParams,
      cancellation,
    );
    assert.ok(result.ok, JSON.stringify(result));
    return result.answer;
  }

  it('carries typed arrays in both directions, progress, and cancels', async () => {
    const { config } = await demoFolder('channel', configText('"backend": "wasm"'));
    const progress: number[] = [];
    const listening = server.onInspect({
      progress: ({ token }) => void progress.push(token),
      ended: () => undefined,
      changed: () => undefined,
    });
    const overview = await ask(config, { kind: 'open' }, 1);
    assert.equal(overview.kind, 'open');
    const { fingerprint } = overview as Extract<InspectAnswer, { kind: 'open' }>;

    const layer = await ask(config, { kind: 'layer', fingerprint, layer: 'dense_1', state: 'before' }, 2);
    assert.ok(
      layer.kind === 'layer' &&
        layer.cleanMean instanceof Float32Array &&
        layer.order instanceof Int32Array &&
        layer.dead instanceof Uint8Array,
    );
    assert.ok(progress.includes(2), progress.join());
    const units = layer.order.slice(0, 30);
    const mask = await ask(
      config,
      { kind: 'mask', fingerprint, layer: 'dense_1', state: 'before', units, scope: 'full' },
      3,
    );
    assert.ok(mask.kind === 'mask');
    assert.deepEqual([mask.units, mask.masked.cleanAccuracy.hits], [30, layer.curve.correct[30]]);

    const source = new vscode.CancellationTokenSource();
    const params: InspectParams = {
      configUri: config.toString(),
      query: { kind: 'layer', fingerprint, layer: 'conv2d_2', state: 'before' },
      token: 4,
    };
    const cancelled = server.request<InspectResult>(INSPECT_REQUEST, params, source.token);
    await waitFor('the analysis', () => progress.includes(4), { intervalMs: 2 });
    source.cancel();
    const result = await cancelled;
    assert.ok(!result.ok && result.failure.kind === 'cancelled', JSON.stringify(result).slice(0, 300));
    listening.dispose();
  });

  it('offers lenses that lead into a model, in its config and in model.json', async () => {
    const { config, model } = await demoFolder('lenses', configText());
    const commandsOf = async (uri: vscode.Uri) =>
      (await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri, 50)).map(
        ({ command }) => command,
      );
    for (const [uri, title, expected] of [
      [config, 'Inspect Activations', [config.toString()]],
      [model, 'Inspect dense_1', [config.toString(), { layer: 'dense_1' }]],
    ] as const) {
      await open(uri);
      const found = await waitFor(title, async () =>
        (await commandsOf(uri)).find((command) => command?.title === title),
      );
      assert.deepEqual([found.command, found.arguments], ['finePrune.inspect', expected]);
    }
  });
});
