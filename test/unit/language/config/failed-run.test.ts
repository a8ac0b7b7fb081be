import assert from 'node:assert/strict';
import { configProblems } from '../../../../server/engine/config/read-config';
import { configDiagnostics } from '../../../../server/language/config/diagnostics';
import { NO_FACTS, type FailedRun } from '../../../../server/language/text/facts';
import { configOf, configWith, goodFacts, marked } from '../support';

describe('config diagnostics after a failed run', () => {
  const told = (text: string, failed: FailedRun) =>
    configDiagnostics(configOf(text), configProblems(text), NO_FACTS, failed);

  it('puts a failed run at the place that it names, once', () => {
    const { text, range } = marked(configWith('"trigger": { "kind": "patch", "target": «99» }'));
    const failed = {
      failure: {
        kind: 'input' as const,
        code: 'config.target',
        message: 'No such class.',
        place: '/trigger/target, line 7:42',
      },
    };
    const found = told(text, failed);
    assert.deepEqual(
      found.map((d) => [d.code, d.range]),
      [['config.target', range]],
    );
    const both = configDiagnostics(configOf(text), configProblems(text), goodFacts(), failed);
    assert.equal(both.length, 1);
  });

  it('tells units out of range at the units, whether it is known from the run or from the model', () => {
    const { text, range } = marked(configWith('"prune": { "units": [1, «128»] }'));
    const failed = {
      failure: {
        kind: 'input' as const,
        code: 'prune.unitOutOfRange',
        message: 'Layer "dense" has no unit 128.',
        place: '/prune/units, line 7:24',
      },
    };
    const both = configDiagnostics(configOf(text), configProblems(text), goodFacts(), failed);
    assert.deepEqual(
      both.map((d) => [d.code, d.range]),
      [['config.unitOutOfRange', range]],
    );
    const [alone] = told(text, failed);
    assert.equal(configOf(text).document.getText(alone!.range), '[1, 128]');
  });

  it('puts a failure in a data file at its path, and one of the engine at the model', () => {
    const file = marked(configWith().replace('"t10k-images"', '«"t10k-images"»'));
    const broken = {
      failure: { kind: 'input' as const, code: 'data.truncated', message: 'It ends too early.', place: 'byte 12' },
      writtenPath: 't10k-images',
    };
    assert.deepEqual(
      told(file.text, broken).map((d) => [d.range, d.message]),
      [[file.range, 'It ends too early. (byte 12)']],
    );
    const model = marked(configWith().replace('"model.json"', '«"model.json"»'));
    const crashed = {
      failure: {
        kind: 'engine' as const,
        code: 'engine.crashed',
        message: 'The engine crashed.',
        todo: 'Run again.',
      },
    };
    assert.deepEqual(
      told(model.text, crashed).map((d) => [d.range, d.message]),
      [[model.range, 'The engine crashed. Run again.']],
    );
    const shard = {
      failure: {
        kind: 'input' as const,
        code: 'model.lfsPointer',
        message: 'The file is a Git LFS pointer.',
        file: '/w/weights.bin',
        place: '/weightsManifest/0/paths',
      },
    };
    assert.deepEqual(
      told(model.text, shard).map((d) => [d.range, d.message]),
      [[model.range, 'weights.bin: The file is a Git LFS pointer.']],
    );
  });
});
