import assert from 'node:assert/strict';
import type { FromInspector, InspectorState, ToInspector } from '../../../server/protocol/messages/inspector-view';
import type { Fault, Host } from '../../../webview/ui/host';
import { closeBrowser } from '../../harness/chromium-browser';
import { waitFor } from '../../harness/poll';
import { openPage, type OpenPage } from '../open-page';

/** What test/webview/pages/host.ts offers, and what stands for VS Code's end of the channel. */
declare const talk: {
  host: Host<ToInspector, FromInspector, InspectorState>;
  heard: ToInspector[];
  dropped: unknown[];
  end(): void;
};
declare const vsCode: { posted: (FromInspector | Fault)[]; state: unknown };

describe('the connection of a page with its panel', function () {
  this.timeout(60_000);
  let open: OpenPage;

  beforeEach(async () => {
    open = await openPage('test/webview/pages/host.ts', {
      before: () => {
        const vsCode: { posted: unknown[]; state: unknown; acquired: number } = {
          posted: [],
          state: undefined,
          acquired: 0,
        };
        const acquireVsCodeApi = (): object => {
          if (vsCode.acquired++) throw new Error('An instance of the VS Code API has already been acquired');
          return {
            postMessage: (message: unknown, transfer?: Transferable[]) =>
              vsCode.posted.push(structuredClone(message, { transfer })),
            getState: () => vsCode.state,
            setState: (state: unknown) => (vsCode.state = structuredClone(state)),
          };
        };
        Object.assign(globalThis, { vsCode, acquireVsCodeApi });
      },
    });
  });
  afterEach(() => open.close());
  after(() => closeBrowser());

  const posted = (): Promise<(FromInspector | Fault)[]> => open.page.evaluate(() => vsCode.posted);
  const faultMatching = (pattern: RegExp): Promise<unknown> =>
    waitFor(`a fault ${pattern}`, async () =>
      (await posted()).some((message) => message.type === 'fault' && pattern.test(message.message)),
    );

  it('hears valid messages, with typed arrays as what they were', async () => {
    const units = await open.page.evaluate(async () => {
      const three = Float32Array.from([0.5, 0, 1]);
      const answer = {
        kind: 'layer',
        layer: 'dense_1',
        state: 'before',
        layerKind: 'Dense',
        activation: 'relu',
        units: 3,
        feedsClassifier: true,
        images: { analysed: 10, available: 10 },
        triggeredImages: null,
        cleanMean: three,
        cleanMeanAbs: three,
        cleanFires: three,
        triggeredMean: null,
        triggeredFires: null,
        dead: new Uint8Array(3),
        pruned: new Uint8Array(3),
        order: Int32Array.from([1, 0, 2]),
        curve: {
          pruned: Int32Array.from([0, 3]),
          correct: Int32Array.from([9, 1]),
          successful: null,
          base: null,
          images: 10,
          triggeredImages: null,
          subset: false,
        },
      };
      const arrived = new Promise((resolve) => addEventListener('message', resolve, { once: true }));
      postMessage({ type: 'answer', id: 1, answer }, '*');
      await arrived;
      const [message] = talk.heard;
      return (
        message?.type === 'answer' &&
        message.answer.kind === 'layer' &&
        message.answer.cleanMean instanceof Float32Array &&
        message.answer.units
      );
    });
    assert.equal(units, 3);
    assert.deepEqual(await posted(), []);
  });

  it('drops what does not validate, tells the panel why, and tells the page', async () => {
    await open.page.evaluate(() => postMessage({ type: 'progress', id: 1, title: 'Analysing', overall: 7 }, '*'));
    await faultMatching(/^Message dropped: .*a message to the inspector, at overall/s);
    assert.deepEqual(await open.page.evaluate(() => [talk.heard.length, talk.dropped]), [
      0,
      [{ type: 'progress', id: 1, title: 'Analysing', overall: 7 }],
    ]);
  });

  it('moves the buffers of what it posts', async () => {
    const left = await open.page.evaluate(() => {
      const units = Int32Array.from([1, 5]);
      talk.host.post({
        type: 'query',
        id: 4,
        query: { kind: 'mask', fingerprint: 'f', layer: 'dense_1', state: 'before', units, scope: 'quick' },
      });
      return units.length;
    });
    assert.equal(left, 0);
    assert.deepEqual(
      await open.page.evaluate(() =>
        vsCode.posted.map(
          (message) => message.type === 'query' && message.query.kind === 'mask' && Array.from(message.query.units),
        ),
      ),
      [[1, 5]],
    );
  });

  it('tells of errors that nothing caught', async () => {
    await open.page.evaluate(
      () =>
        void setTimeout(() => {
          throw new Error('broken chart');
        }),
    );
    await faultMatching(/^Error: .*broken chart/s);
    await open.page.evaluate(() => void Promise.reject(new Error('broken promise')));
    await faultMatching(/^Unhandled rejection: .*broken promise/s);
  });

  it('keeps a state, and knows nothing of one that another version kept', async () => {
    const state: InspectorState = {
      version: 1,
      configUri: 'file:///a.fineprune.json',
      layer: 'dense_1',
      state: 'before',
      unit: 3,
      sort: { by: 'clean', descending: true },
      count: null,
      selected: [1, 2],
      row: 40,
    };
    const kept = await open.page.evaluate((state) => {
      const before = talk.host.state.get();
      talk.host.state.set(state);
      return [before, talk.host.state.get()];
    }, state);
    assert.deepEqual(kept, [undefined, state]);
    assert.equal(
      await open.page.evaluate(() => {
        vsCode.state = { version: 0, configUri: 'file:///a.fineprune.json' };
        return talk.host.state.get();
      }),
      undefined,
    );
  });

  it('ends a hearing', async () => {
    await open.page.evaluate(async () => {
      talk.end();
      const arrived = new Promise((resolve) => addEventListener('message', resolve, { once: true }));
      postMessage({ type: 'changed' }, '*');
      await arrived;
    });
    assert.equal(await open.page.evaluate(() => talk.heard.length), 0);
    assert.deepEqual(await posted(), []);
  });
});
