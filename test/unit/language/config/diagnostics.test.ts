import assert from 'node:assert/strict';
import { configActions } from '../../../../server/language/config/actions';
import { NO_FACTS, type ConfigFacts } from '../../../../server/language/text/facts';
import { configWith, diagnose, goodFacts, SIMPLE_CNN, URI } from '../support';
import { one } from './support';

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

  const withFile = (place: string, fact: NonNullable<ReturnType<ConfigFacts['files']['get']>>): ConfigFacts => {
    const facts = goodFacts();
    return { ...facts, files: new Map([...facts.files, [place, fact]]) };
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
    [
      'labels in place of images',
      'train-images',
      { state: 'ok', header: { labels: { count: 60000 } } },
      'config.dataKind',
    ],
    [
      'images of another size',
      't10k-images',
      { state: 'ok', header: { images: { count: 10000, shape: [32, 32, 3] } } },
      'config.dataShape',
    ],
    [
      'more labels than images',
      't10k-labels',
      { state: 'ok', header: { labels: { count: 10001 } } },
      'config.dataCount',
    ],
    [
      'labels that are no class of the model',
      'train-labels',
      { state: 'ok', header: { labels: { count: 60000, largest: 46 } } },
      'config.dataClasses',
    ],
  ];
  for (const [what, path, fact, code] of fileFaults) {
    it(`says one thing about ${what}`, () =>
      one(
        configWith().replace(`"${path}"`, `«"${path}"»`),
        code,
        withFile(`data.${path.replace('t10k', 'test').replace('-', '.')}`, fact),
      ));
  }

  it('names the layer and its range at each unit that it does not have, and nothing while no model is known', () => {
    const text = configWith('"prune": { "units": [128, 5, 999] }');
    assert.deepEqual(
      diagnose(text, goodFacts()).map((d) => [d.severity, d.message]),
      [
        [1, 'Layer `dense` has no unit 128: its 128 neurons are numbered 0 to 127.'],
        [1, 'Layer `dense` has no unit 999: its 128 neurons are numbered 0 to 127.'],
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
        'All 32 channels of `conv2d` are listed, so nothing of the layer is left: the layers after it get no signal except their biases.',
      ],
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
});
