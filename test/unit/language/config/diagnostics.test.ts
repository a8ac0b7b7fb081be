import assert from 'node:assert/strict';
import { configProblems } from '../../../../server/engine/config/read-config';
import { configDiagnostics } from '../../../../server/language/config/diagnostics';
import { configActions } from '../../../../server/language/config/actions';
import { NO_FACTS, type ConfigFacts, type FailedRun } from '../../../../server/language/text/facts';
import { configOf, configWith, diagnose, goodFacts, marked, SIMPLE_CNN, URI } from '../support';

/** Exactly one diagnostic of that code, with exactly the marked range. */
function one(markedText: string, code: string, facts: ConfigFacts = goodFacts()) {
  const { text, range } = marked(markedText);
  const found = diagnose(text, facts);
  assert.deepEqual(
    found.map((d) => d.code),
    [code],
    JSON.stringify(found, null, 1),
  );
  assert.deepEqual(found[0]!.range, range, JSON.stringify(found[0]));
  return found[0]!;
}

describe('config diagnostics', () => {
  it('finds nothing in a good config with comments, trailing commas and a byte-order mark', () => {
    const text = `\uFEFF// a comment\n${configWith('"prune": { "ratio": 0.2, /* the reference */ },')}`;
    assert.deepEqual(diagnose(text, goodFacts()), []);
  });

  it('accepts every kind of trigger, null, and both forms of a value', () => {
    for (const trigger of [
      'null',
      '{ "kind": "patch", "target": 0, "value": [1], "left": 3, "top": 2 }',
      '{ "kind": "blended", "target": 1, "alpha": 0.1 }',
      '{ "kind": "sinusoidal", "target": 9 }',
      '{ "kind": "samples", "target": 2, "images": "t10k-images", "labels": "t10k-labels" }',
    ]) {
      assert.deepEqual(
        diagnose(configWith(`"trigger": ${trigger}, "$schema": "https://example.com/none.json"`), goodFacts()),
        [],
      );
    }
    assert.deepEqual(diagnose(configWith('"prune": { "ratio": "auto" }'), goodFacts()), []);
  });

  it('says one thing about an empty file, and about one with nothing but comments', () => {
    for (const text of ['', '  \n', '// nothing yet\n', '\uFEFF']) {
      const found = diagnose(text);
      assert.deepEqual(
        found.map((d) => d.code),
        ['config.empty'],
        JSON.stringify(text),
      );
    }
  });

  it('says one thing about something that is no object', () => one('«[]»', 'config.wrongType'));
  it('says one thing about a missing comma', () =>
    one('{ "model": "model.json" «"data"»: { "train": {} } }', 'config.syntax'));

  const faults: [string, string, string][] = [
    ['a wrong type', '"seed": «"zero"»', 'config.wrongType'],
    ['a fraction where a whole number is needed', '"seed": «1.5»', 'config.outOfRange'],
    ['a value above its range', '"prune": { "ratio": «1.5» }', 'config.outOfRange'],
    ['a value below its range', '"fineTune": { "epochs": «-1» }', 'config.outOfRange'],
    ['a value at an exclusive bound', '"fineTune": { "learningRate": «0» }', 'config.outOfRange'],
    ['an unknown field', '«"sede"»: 1', 'config.unknownField'],
    [
      'an unknown field in a trigger',
      '"trigger": { "kind": "patch", "target": 0, «"alhpa"»: 1 }',
      'config.unknownField',
    ],
    ['a wrong word', '"backend": «"cuda"»', 'config.wrongValue'],
    ['a word where a ratio is needed', '"prune": { "ratio": «"automatic"» }', 'config.wrongValue'],
    ['a ratio of the wrong type', '"prune": { "ratio": «true» }', 'config.wrongType'],
    ['an unknown kind of trigger', '"trigger": { "kind": «"sticker"», "target": 0 }', 'config.wrongValue'],
    ['a trigger without kind', '«"trigger"»: { "target": 0 }', 'config.missingField'],
    ['a trigger without target', '«"trigger"»: { "kind": "blended" }', 'config.missingField'],
    ['a trigger of the wrong type', '"trigger": «5»', 'config.wrongType'],
    ['a word for a trigger that is not the one', '"trigger": «"patch"»', 'config.wrongValue'],
    ['a strategy that is not known', '"strategy": «"prune"»', 'config.wrongValue'],
    [
      'a ratio that the strategy chooses by itself',
      '"strategy": "guided", "prune": { "ratio": «0.2» }',
      'config.conflict',
    ],
    ['a layer that the strategy chooses by itself', '"strategy": "auto", "layer": «"dense"»', 'config.conflict'],
    ['a rule that needs a trigger', '"prune": { "rule": «"triggered-difference"» }', 'config.conflict'],
    ['an inverted trigger of no class', '"trigger": { "kind": "inverted", "target": «10» }', 'config.target'],
    ['a warp that is too coarse', '"trigger": { "kind": "warped", "target": 0, "grid": «1» }', 'config.outOfRange'],
    ['a patch value out of range', '"trigger": { "kind": "patch", "target": 0, "value": «2» }', 'config.outOfRange'],
    ['a patch of half a pixel', '"trigger": { "kind": "patch", "target": 0, "size": [«0.5», 3] }', 'config.outOfRange'],
    ['a patch of one number', '"trigger": { "kind": "patch", "target": 0, "size": «[3]» }', 'config.wrongValue'],
    ['right and left', '"trigger": { "kind": "patch", "target": 0, "right": 1, "left": «1» }', 'config.conflict'],
    ['a patch that does not fit', '"trigger": { "kind": "patch", "target": 0, "right": «26» }', 'config.patchOutside'],
    ['a target that is no class', '"trigger": { "kind": "patch", "target": «10» }', 'config.target'],
    ['a layer that is not there', '"layer": «"dens"»', 'config.layerUnknown'],
    ['a layer that cannot be pruned', '"layer": «"flatten"»', 'config.layerNotPrunable'],
    ['the classifier as layer', '"layer": «"dense_1"»', 'config.layerNotPrunable'],
    ['a duplicate field', '"seed": 1, «"seed"»: 2', 'config.duplicateKey'],
    ['a ratio of 0', '"prune": { "ratio": «0» }', 'config.nothingPruned'],
    ['a ratio of 1', '"prune": { "ratio": «1» }', 'config.everythingPruned'],
    ['a unit beyond the layer', '"prune": { "units": [3, «128», 0] }', 'config.unitOutOfRange'],
    ['a unit beyond the named layer', '"layer": "conv2d_1", "prune": { "units": [63, «64»] }', 'config.unitOutOfRange'],
    ['a unit named twice', '"prune": { "units": [3, 7, «3»] }', 'config.wrongValue'],
    ['units and a ratio', '"prune": { "ratio": 0.2, "units": «[3]» }', 'config.conflict'],
    [
      'all units of the layer',
      `"prune": { "units": «[${Array.from({ length: 128 }, (_, u) => u).join(', ')}]» }`,
      'config.everythingPruned',
    ],
  ];
  for (const [what, more, code] of faults) it(`says one thing about ${what}`, () => one(configWith(more), code));

  const data = (more: string) => configWith().replace('"test":', `${more},\n    "test":`);
  it('says one thing about too large a held-out part', () => one(data('"holdout": «40000»'), 'config.holdoutTooLarge'));
  it('says one thing about more fine-tuning images than there are', () =>
    one(data('"fineTuneImages": «55001»'), 'config.tooManyImages'));
  it('says one thing about a standard deviation of 0', () => one(data('"std": «0»'), 'config.outOfRange'));
  it('says one thing about three means for one channel', () =>
    one(data('"mean": «[0.1, 0.2, 0.3]»'), 'config.channels'));
  it('says one thing about a missing part of the data', () =>
    one(
      '{ "model": "model.json", «"data"»: { "train": { "images": "train-images", "labels": "train-labels" } } }',
      'config.missingField',
    ));

  it('says one thing about a missing model, at its path', () => {
    const found = one(configWith().replace('"model.json"', '«"modle.json"»'), 'config.fileMissing', {
      ...goodFacts(),
      model: { state: 'missing' },
    });
    assert.deepEqual(
      configActions(URI, [found]).map((a) => a.title),
      ['Change to "model.json"', 'Change to "other/model.json"'],
    );
  });

  const withFile = (path: string, fact: NonNullable<ReturnType<ConfigFacts['files']['get']>>): ConfigFacts => {
    const facts = goodFacts();
    return { ...facts, files: new Map([...facts.files, [path, fact]]) };
  };
  const fileFaults: [string, string, NonNullable<ReturnType<ConfigFacts['files']['get']>>, string][] = [
    ['missing data', 'train-images', { state: 'missing' }, 'config.fileMissing'],
    ['data outside the workspace', 't10k-labels', { state: 'outside' }, 'config.fileOutside'],
    ['a folder as data', 't10k-images', { state: 'folder' }, 'config.fileMissing'],
    [
      'unreadable data',
      'train-labels',
      { state: 'unreadable', message: 'The file is not in IDX format.' },
      'config.dataUnreadable',
    ],
    ['labels in place of images', 'train-images', { state: 'ok', header: { dimensions: [60000] } }, 'config.dataKind'],
    [
      'images of another size',
      't10k-images',
      { state: 'ok', header: { dimensions: [10000, 32, 32, 3] } },
      'config.dataShape',
    ],
    ['more labels than images', 't10k-labels', { state: 'ok', header: { dimensions: [10001] } }, 'config.dataCount'],
    [
      'labels that are no class of the model',
      'train-labels',
      { state: 'ok', header: { dimensions: [60000], largestLabel: 46 } },
      'config.dataClasses',
    ],
  ];
  for (const [what, path, fact, code] of fileFaults) {
    it(`says one thing about ${what}`, () =>
      one(configWith().replace(`"${path}"`, `«"${path}"»`), code, withFile(path, fact)));
  }

  it('offers each layer that the model has, nearest first', () => {
    const found = one(configWith('"layer": «"conv2d_2"»'), 'config.layerUnknown');
    const actions = configActions(URI, [found]);
    assert.deepEqual(
      actions.map((a) => a.edit?.changes?.[URI]?.[0]?.newText),
      ['"conv2d_1"', '"conv2d"', '"dense"'],
    );
    assert.deepEqual(
      actions.map((a) => a.isPreferred),
      [true, false, false],
    );
    assert.equal(actions[0]!.title, 'Prune layer "conv2d_1" (64 units)');
  });

  it('offers to take out either side of a patch, leaving good JSON', () => {
    const { text } = marked(configWith('"trigger": { "kind": "patch", "target": 0, "right": 1, "left": «1» }'));
    const [found] = diagnose(text, goodFacts());
    const config = configOf(text);
    for (const action of configActions(URI, [found!])) {
      const { range } = action.edit!.changes![URI]![0]!;
      const left =
        text.slice(0, config.document.offsetAt(range.start)) + text.slice(config.document.offsetAt(range.end));
      assert.deepEqual(diagnose(left, goodFacts()), [], left);
    }
  });

  it('names the layer and its range at each unit that it does not have, and nothing while no model is known', () => {
    const text = configWith('"prune": { "units": [128, 5, 999] }');
    assert.deepEqual(
      diagnose(text, goodFacts()).map((d) => [d.severity, d.message]),
      [
        [1, 'Layer `dense` has no unit 128: its 128 neurons are 0 to 127.'],
        [1, 'Layer `dense` has no unit 999: its 128 neurons are 0 to 127.'],
      ],
    );
    assert.deepEqual(diagnose(text, NO_FACTS), []);
    assert.deepEqual(diagnose(configWith('"prune": { "units": [127, 0], "rule": "clean-mean-abs" }'), goodFacts()), []);
  });

  it('says for information that nothing would be left of a layer', () => {
    const [found] = diagnose(
      configWith(`"layer": "conv2d", "prune": { "units": [${Array.from({ length: 32 }, (_, u) => u).join()}] }`),
      goodFacts(),
    );
    assert.deepEqual(
      [found?.severity, found?.message],
      [
        3,
        'All 32 channels of `conv2d` are named, so nothing is left of it: the layers after it get no signal but their biases.',
      ],
    );
  });

  it('offers to take out the units or the ratio, leaving good JSON', () => {
    const text = configWith('"prune": { "ratio": 0.2, "units": [3, 4] }');
    const [found] = diagnose(text, goodFacts());
    const { document } = configOf(text);
    const left = configActions(URI, [found!]).map((action) => {
      const { range } = action.edit!.changes![URI]![0]!;
      const after = text.slice(0, document.offsetAt(range.start)) + text.slice(document.offsetAt(range.end));
      assert.deepEqual(diagnose(after, goodFacts()), [], after);
      return /"prune": .*/.exec(after)![0];
    });
    assert.deepEqual(left, ['"prune": { "ratio": 0.2 }', '"prune": { "units": [3, 4] }']);
  });

  it('suggests the field that was meant', () => {
    const found = one(configWith('«"seeed"»: 1'), 'config.unknownField');
    assert.match(String(found.message), /Did you mean `seed`\?/);
    assert.deepEqual(
      configActions(URI, [found]).map((a) => a.title),
      ['Change to "seed"', 'Remove `seeed`'],
    );
  });

  it('tells a model that cannot be defended once, and nothing about its layers', () => {
    const facts: ConfigFacts = {
      ...goodFacts(),
      model: {
        state: 'ok',
        summary: {
          ...SIMPLE_CNN,
          layers: [],
          classes: 0,
          problem: { kind: 'input', code: 'model.lambda', message: 'Lambda layers are not supported.' },
        },
      },
    };
    one(configWith('"layer": "dense"').replace('"model.json"', '«"model.json"»'), 'config.modelUnfit', facts);
  });

  describe('after a failed run', () => {
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
});
