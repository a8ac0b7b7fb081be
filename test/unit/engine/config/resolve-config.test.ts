import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import reportSchema from '../../../../schemas/defense-report.schema.json';
import { configProblems, parseConfig, resolveConfig } from '../../../../server/engine/config/read-config';
import { canonicalJson, sha256 } from '../../../../server/engine/files/hash';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import { FILE, splits, textOf } from './support';

const EXAMPLE = path.resolve(__dirname, '../../../../examples/mnist-badnets');

describe('a defense config', () => {
  it('is JSON with comments, trailing commas and a byte-order mark', () => {
    const text = `\uFEFF// a comment\n{ "model": "model.json", /* another */ "data": ${JSON.stringify(splits)}, "seed": 3, }\n`;
    assert.deepEqual(configProblems(text), []);
    assert.equal(parseConfig(text, FILE).seed, 3);
  });

  it('has the reference set-up as its default', () => {
    assert.deepEqual(resolveConfig(parseConfig(textOf({}), FILE)), {
      model: 'model.json',
      data: {
        format: 'idx',
        ...splits,
        analysis: 'test',
        holdout: 5000,
        fineTuneImages: null,
        analysisImages: null,
        testImages: null,
        scale: 1 / 255,
        mean: [0],
        std: [1],
      },
      trigger: null,
      layer: null,
      prune: { ratio: 0.2, rule: 'clean-mean' },
      fineTune: { epochs: 2, learningRate: 0.0005, batchSize: 64 },
      gates: { maxAttackSuccessRate: 0.05, maxAccuracyDrop: 0.01, acceptEstimated: false },
      seed: 0,
      backend: 'auto',
      threads: 1,
      curve: 'quick',
    });
  });

  it('keeps what is given, zeros and falsehoods included', () => {
    const fields = {
      data: { ...splits, holdout: 0, mean: [0.1, 0.2], std: 0.5, scale: 1, analysisImages: 7 },
      layer: 'conv2d_2',
      prune: { ratio: 0 },
      fineTune: { epochs: 0 },
      gates: { maxAttackSuccessRate: 0, acceptEstimated: true },
      seed: 4294967295,
      backend: 'wasm',
      threads: 2,
    };
    const { data, layer, prune, fineTune, gates, seed, backend, threads } = resolveConfig(
      parseConfig(textOf(fields), FILE),
    );
    assert.deepEqual(
      [data.holdout, data.mean, data.std, data.scale, data.analysisImages],
      [0, [0.1, 0.2], [0.5], 1, 7],
    );
    assert.deepEqual(
      [layer, prune.ratio, fineTune.epochs, gates.maxAttackSuccessRate, gates.acceptEstimated],
      ['conv2d_2', 0, 0, 0, true],
    );
    assert.deepEqual([seed, backend, threads], [4294967295, 'wasm', 2]);
  });

  it('fills in each kind of trigger', () => {
    const trigger = (fields: object) => resolveConfig(parseConfig(textOf({ trigger: fields }), FILE)).trigger;
    assert.deepEqual(trigger({ kind: 'patch', target: 0 }), {
      kind: 'patch',
      target: 0,
      size: [3, 3],
      vertical: { from: 'bottom', distance: 1 },
      horizontal: { from: 'right', distance: 1 },
      value: [1],
      image: null,
    });
    assert.deepEqual(trigger({ kind: 'patch', target: 2, left: 0, top: 4, image: 'p.png' }), {
      kind: 'patch',
      target: 2,
      size: null,
      vertical: { from: 'top', distance: 4 },
      horizontal: { from: 'left', distance: 0 },
      value: [],
      image: 'p.png',
    });
    assert.deepEqual(trigger({ kind: 'blended', target: 0 }), {
      kind: 'blended',
      target: 0,
      alpha: 0.2,
      image: null,
      patternSeed: 0,
    });
    assert.deepEqual(trigger({ kind: 'sinusoidal', target: 0 }), {
      kind: 'sinusoidal',
      target: 0,
      amplitude: 40 / 255,
      frequency: 6,
    });
    assert.deepEqual(trigger({ kind: 'samples', target: 0, images: 'i', labels: 'l' }), {
      kind: 'samples',
      target: 0,
      images: 'i',
      labels: 'l',
    });
  });

  for (const ratio of [0, 1, 0.2, 'auto']) {
    it(`takes the ratio ${ratio}`, () =>
      assert.equal(resolveConfig(parseConfig(textOf({ prune: { ratio } }), FILE)).prune.ratio, ratio));
  }
});

describe('units that a config names', () => {
  const pruneOf = (prune: object) => resolveConfig(parseConfig(textOf({ prune }), FILE)).prune;

  it('come in ascending order, and no ratio with them', () => {
    assert.deepEqual(pruneOf({ units: [17, 3, 120] }), { ratio: null, rule: 'clean-mean', units: [3, 17, 120] });
    assert.deepEqual(pruneOf({ units: [0], rule: 'clean-mean-abs' }), {
      ratio: null,
      rule: 'clean-mean-abs',
      units: [0],
    });
  });

  it('are no field of a config that names none: its hash is that of a report written before there was such a field', () => {
    assert.deepEqual(Object.keys(pruneOf({})).sort(), ['ratio', 'rule']);
    const text = readFileSync(path.join(EXAMPLE, 'mnist-badnets.fineprune.json'), 'utf8');
    const report = JSON.parse(readFileSync(path.join(EXAMPLE, 'mnist-badnets.defense.json'), 'utf8')) as DefenseReport;
    assert.equal(sha256(canonicalJson(resolveConfig(parseConfig(text, FILE)))), report.provenance.configHash);
    const validate = new Ajv({ allErrors: true, strict: false }).compile(reportSchema);
    assert.ok(validate(report), JSON.stringify(validate.errors));
  });
});
