import assert from 'node:assert/strict';
import { engineOf } from '../children';
import { Inspector } from '../inspector';
import { LanguageClient, uriOf } from '../language-client';
import { InspectedDemo } from './inspect-support';

/** Lists every field that is a view of a buffer, as `name: Class[length]`. */
function arraysOf(value: object): string[] {
  return Object.entries(value).flatMap(([name, field]) =>
    ArrayBuffer.isView(field) ? [`${name}: ${field.constructor.name}[${(field as Uint8Array).length}]`] : [],
  );
}

describe('the inspector through the language server', function () {
  this.timeout(240_000);
  const demo = new InspectedDemo('fp-inspect-');

  it('opens a config that has no report', () => {
    const { fingerprint, backend, images, ...rest } = demo.overview;
    assert.match(fingerprint, /^[0-9a-f]{64}$/);
    assert.equal(backend.name, 'wasm');
    assert.deepEqual([images.analysis, images.test, images.holdout], [400, 400, 100]);
    assert.ok(images.triggered! > 300 && images.triggered! < 400, String(images.triggered));
    assert.deepEqual(
      [rest.name, rest.classes, rest.shape, rest.chosen, rest.report],
      ['demo', 10, [28, 28, 1], 'dense_1', null],
    );
    assert.deepEqual(
      rest.layers.map(({ name, units, feedsClassifier }) => [name, units, feedsClassifier]),
      [
        ['conv2d_1', 32, false],
        ['conv2d_2', 64, false],
        ['dense_1', 128, true],
      ],
    );
    assert.deepEqual(rest.trigger, { kind: 'patch', target: 0 });
  });

  it('analyses a layer, with progress, and answers in typed arrays', async () => {
    const question = demo.inspector.begin({
      kind: 'layer',
      fingerprint: demo.overview.fingerprint,
      layer: 'dense_1',
      state: 'before',
    });
    const result = await question.result;
    assert.ok(result.ok && result.answer.kind === 'layer', JSON.stringify(result));
    const { answer } = result;
    assert.deepEqual(arraysOf(answer), [
      'cleanMean: Float32Array[128]',
      'cleanMeanAbs: Float32Array[128]',
      'cleanFires: Float32Array[128]',
      'triggeredMean: Float32Array[128]',
      'triggeredFires: Float32Array[128]',
      'dead: Uint8Array[128]',
      'pruned: Uint8Array[128]',
      'order: Int32Array[128]',
    ]);
    assert.deepEqual(arraysOf(answer.curve), [
      'pruned: Int32Array[129]',
      'correct: Int32Array[129]',
      'successful: Int32Array[129]',
      'base: Float32Array[129]',
    ]);
    assert.deepEqual(answer.images, { analysed: 400, available: 400 });
    assert.deepEqual(
      [...answer.order].sort((a, b) => a - b),
      Array.from({ length: 128 }, (_, i) => i),
    );
    const shares = demo.inspector.progress
      .filter(({ token }) => token === question.token)
      .map(({ overall }) => overall);
    assert.ok(
      shares.length > 1 && shares.every((share, i) => share >= (shares[i - 1] ?? 0) && share <= 1),
      shares.join(),
    );
  });

  it('answers for one unit with its pictures', async () => {
    const unit = await demo.inspector.ask({
      kind: 'unit',
      fingerprint: demo.overview.fingerprint,
      layer: 'dense_1',
      state: 'before',
      unit: 17,
    });
    const layer = await demo.inspector.layer(demo.overview.fingerprint);
    assert.match(unit.sentence, /\.$/);
    assert.deepEqual(
      [...arraysOf(unit), ...arraysOf(unit.histogram), ...arraysOf(unit.perClass)].map((one) =>
        one.replace(/\[\d+\]/, ''),
      ),
      [
        'outgoing: Float32Array',
        'edges: Float32Array',
        'clean: Uint32Array',
        'triggered: Uint32Array',
        'clean: Float32Array',
        'triggered: Float32Array',
      ],
    );
    assert.equal(
      unit.histogram.clean.reduce((sum, n) => sum + n, 0),
      layer.images.analysed,
    );
    assert.equal(unit.perClass.clean.length, 10);
    for (const { pixels, label } of [...unit.top.clean, ...unit.top.triggered!]) {
      assert.ok(pixels instanceof Uint8Array && pixels.length === 784);
      assert.ok(label >= 0 && label < 10);
    }
    const edge = await demo.inspector.ask({
      kind: 'unit',
      fingerprint: demo.overview.fingerprint,
      layer: 'conv2d_1',
      state: 'before',
      unit: 0,
    });
    assert.ok(
      edge.filter &&
        edge.filter.values instanceof Float32Array &&
        edge.filter.values.length === edge.filter.height * edge.filter.width,
    );
    assert.equal(
      await demo.inspector.refusal({
        kind: 'unit',
        fingerprint: demo.overview.fingerprint,
        layer: 'dense_1',
        state: 'before',
        unit: 128,
      }),
      'inspect.noSuchUnit',
    );
  });

  it('measures a mask that comes as a typed array: it says what the curve says', async () => {
    const { order, curve, images, triggeredImages } = await demo.inspector.layer(demo.overview.fingerprint);
    for (const count of [0, 25, 120]) {
      for (const scope of ['quick', 'full'] as const) {
        const mask = await demo.inspector.ask({
          kind: 'mask',
          fingerprint: demo.overview.fingerprint,
          layer: 'dense_1',
          state: 'before',
          units: order.slice(0, count),
          scope,
        });
        assert.equal(mask.units, count);
        assert.deepEqual(
          [mask.masked.cleanAccuracy.hits, mask.masked.cleanAccuracy.of],
          [curve.correct[count], images.available],
        );
        assert.deepEqual(
          [mask.masked.attackSuccessRate!.hits, mask.masked.attackSuccessRate!.of],
          [curve.successful![count], triggeredImages!.available],
        );
        assert.equal(mask.unmasked.cleanAccuracy.hits, curve.correct[0]);
      }
    }
  });

  it('finds the limit on held-out images, and shows examples', async () => {
    const { limit } = await demo.inspector.ask({
      kind: 'limit',
      fingerprint: demo.overview.fingerprint,
      layer: 'dense_1',
      state: 'before',
    });
    assert.ok(limit && limit.heldOut.images === 100 && limit.pruned >= 0 && limit.pruned <= 128, JSON.stringify(limit));
    const { examples, target } = await demo.inspector.ask({
      kind: 'examples',
      fingerprint: demo.overview.fingerprint,
      count: 8,
    });
    assert.deepEqual([examples.length, target], [8, 0]);
    for (const { clean, triggered, label, after } of examples) {
      assert.ok(
        clean instanceof Uint8Array &&
          triggered instanceof Uint8Array &&
          clean.length === 784 &&
          triggered.length === 784,
      );
      assert.notDeepEqual(clean, triggered);
      assert.notEqual(label, target);
      assert.equal(after, null);
    }
  });

  it('looks into nothing in a workspace that is not trusted, until it is', async () => {
    const careful = await LanguageClient.start([demo.dir], { trusted: false });
    try {
      const untrusted = new Inspector(careful, uriOf(demo.config));
      assert.equal(await untrusted.refusal({ kind: 'open' }), 'run.untrusted');
      assert.equal(engineOf(careful), undefined);
      await careful.connection.sendNotification('finePrune/trusted');
      assert.equal((await untrusted.ask({ kind: 'open' })).fingerprint, demo.overview.fingerprint);
    } finally {
      await careful.stop();
    }
  });
});
