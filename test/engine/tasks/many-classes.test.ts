import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import schema from '../../../schemas/defense-report.schema.json';
import { consistencyProblems, readReport } from '../../../server/engine/report/json/read-report';
import { startEngine } from '../../../server/jobs/engine-process';
import { classesOf, classRate, cleanConfusion, stageOf } from '../../../server/protocol/report/confusion';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { built } from '../../harness/built';
import { makeTempDir } from '../../harness/processes';

const CLASSES = 1_283;
/** Image of 36×36 pixels, of which pixel c is bright in images of class c. */
const SIDE = 36;
/** The labels that the images have: the last class of the model has none. */
const LABELS = CLASSES - 1;

/** Writes a network that tells the classes apart by their pixel, without training, and images for it. @returns path of a config */
function make(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const pixels = SIDE * SIDE;
  const units = 24;
  // Each class has a code of its own in `units` bits, one bit per hidden neuron.
  const bit = (c: number, u: number): number => ((c * 2654435761) >>> (u % 32)) & 1;
  const hidden = new Float32Array(pixels * units);
  const out = new Float32Array(units * CLASSES);
  for (let c = 0; c < CLASSES; c++) {
    for (let u = 0; u < units; u++) {
      hidden[c * units + u] = bit(c, u);
      out[u * CLASSES + c] = bit(c, u) ? 1 : -1;
    }
  }
  const dense = (name: string, size: number, activation: string, more = {}) => ({
    class_name: 'Dense',
    config: { name, units: size, activation, use_bias: false, trainable: true, ...more },
  });
  const layers = [
    { class_name: 'Flatten', config: { name: 'flat', batch_input_shape: [null, SIDE, SIDE, 1], dtype: 'float32' } },
    dense('hidden', units, 'relu'),
    dense('classes', CLASSES, 'softmax'),
  ];
  const weights = [
    { name: 'hidden/kernel', shape: [pixels, units], dtype: 'float32' },
    { name: 'classes/kernel', shape: [units, CLASSES], dtype: 'float32' },
  ];
  writeFileSync(
    path.join(folder, 'model.json'),
    JSON.stringify({
      format: 'layers-model',
      modelTopology: {
        class_name: 'Sequential',
        config: { name: 'many', layers },
        keras_version: 'tfjs-layers 4.22.0',
        backend: 'tensor_flow.js',
      },
      weightsManifest: [{ paths: ['weights.bin'], weights }],
    }),
  );
  writeFileSync(path.join(folder, 'weights.bin'), Buffer.concat([Buffer.from(hidden.buffer), Buffer.from(out.buffer)]));
  for (const [role, count] of [
    ['train', 2 * LABELS],
    ['test', 4 * LABELS],
  ] as const) {
    const images = Buffer.alloc(16 + count * pixels);
    const labels = Buffer.alloc(8 + count * 4);
    [0x803, count, SIDE, SIDE].forEach((word, at) => images.writeUInt32BE(word, at * 4));
    [0xc01, count].forEach((word, at) => labels.writeUInt32BE(word, at * 4));
    for (let i = 0; i < count; i++) {
      images[16 + i * pixels + (i % LABELS)] = 255;
      labels.writeInt32BE(i % LABELS, 8 + i * 4);
    }
    writeFileSync(path.join(folder, `${role}-images`), images);
    writeFileSync(path.join(folder, `${role}-labels`), labels);
  }
  const config = path.join(folder, 'many.fineprune.json');
  const split = (role: string) => ({ images: `${role}-images`, labels: `${role}-labels` });
  writeFileSync(
    config,
    JSON.stringify({
      model: 'model.json',
      data: { train: split('train'), test: split('test') },
      trigger: { kind: 'patch', target: 7 },
      prune: { ratio: 0.2 },
      fineTune: { epochs: 1 },
      backend: 'wasm',
    }),
  );
  return config;
}

describe('a model of 1,283 classes', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-many-classes-');
  after(() => temp.remove());
  let text: string;
  let markdown: string;
  let report: DefenseReport;

  before(async () => {
    const { files } = await startEngine(
      { config: make(temp.dir), allowedFolders: [] },
      { onEvent: () => undefined, signal: new AbortController().signal, workerPath: built('worker') },
    );
    text = readFileSync(files.report, 'utf8');
    markdown = readFileSync(files.markdown, 'utf8');
    report = readReport(text, files.report);
  });

  it('has a report below 1 MB, valid by its schema, that agrees with itself', () => {
    assert.ok(text.length < 1e6, `${text.length} bytes`);
    const validate = new Ajv({ strict: false }).compile(schema);
    assert.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors));
    assert.deepEqual(
      consistencyProblems(report).filter(({ kind }) => kind === 'problem'),
      [],
    );
  });

  it('holds what the matrices would, sparse', () => {
    const before = stageOf(report, 'before');
    assert.deepEqual(new Set(report.layer.classMeans.map(({ length }) => length)), new Set([0]));
    assert.equal(classesOf(report), CLASSES);
    assert.equal(before.cleanAccuracy.of, 4 * LABELS);
    assert.equal(
      [...cleanConfusion(before).wrong()].reduce((sum, [, , images]) => sum + images, 0),
      before.cleanAccuracy.of - before.cleanAccuracy.hits,
    );
    assert.deepEqual(classRate(before, LABELS - 1).of, 4);
    assert.equal(classRate(before, CLASSES - 1).of, 0);
  });

  it('is said to have the classes that the model has', () => {
    assert.match(markdown, /1,283 classes/);
    assert.doesNotMatch(markdown, /1,282 classes/);
    assert.ok(markdown.length < 300_000, `${markdown.length} bytes`);
  });

  it('tells of a cell that was moved', () => {
    const changed = structuredClone(report);
    changed.confusion.after.clean.correct[3]! -= 1;
    assert.notDeepEqual(
      consistencyProblems(changed).filter(({ kind }) => kind === 'problem'),
      [],
    );
    const out = structuredClone(report);
    out.confusion.after.clean.wrong.push({ label: CLASSES, as: [[0, 1]] });
    assert.throws(() => readReport(JSON.stringify(out), 'x.defense.json'), /whole number from 0 to 1282/);
  });
});
