import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import Ajv from 'ajv';
import reportSchema from '../../../../schemas/defense-report.schema.json';
import { configText } from '../../../../server/engine/config/default-config';
import {
  baseName,
  configProblems,
  parseConfig,
  readConfig,
  resolveConfig,
} from '../../../../server/engine/config/read-config';
import { checkNamedUnits, chosenUnits } from '../../../../server/engine/pruning/named-units';
import { canonicalJson, sha256 } from '../../../../server/engine/files/hash';
import { badInput } from '../../../../server/protocol/errors';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import { failureOf, temporaryFolder } from '../../../harness/files';

const FILE = '/workspace/mnist.fineprune.json';
const EXAMPLE = path.resolve(__dirname, '../../../../examples/mnist-badnets');
const splits = { train: { images: 'a', labels: 'b' }, test: { images: 'c', labels: 'd' } };
const base = { model: 'model.json', data: splits };
/** A valid config with some fields changed, as text. */
const textOf = (fields: object) => JSON.stringify({ ...base, ...fields }, null, 2);
const problems = (fields: object) => configProblems(textOf(fields));

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

  it('are what is pruned; else it is the first ones of the order', () => {
    const order = Int32Array.from([4, 2, 0, 1, 3]);
    assert.deepEqual([...chosenUnits({ ratio: null, rule: 'clean-mean', units: [1, 3] }, order, 2)], [1, 3]);
    assert.deepEqual([...chosenUnits({ ratio: 0.6, rule: 'clean-mean' }, order, null)], [4, 2, 0]);
    assert.deepEqual([...chosenUnits({ ratio: 'auto', rule: 'clean-mean' }, order, 2)], [4, 2]);
  });

  it('must be units of the layer', async () => {
    const check = (units: number[]) =>
      checkNamedUnits({ ratio: null, rule: 'clean-mean', units }, { layer: 'dense_1', units: 128 });
    check([0, 127]);
    const one = await failureOf('prune.unitOutOfRange', () => check([5, 128]));
    assert.deepEqual(
      [one.kind, one.place, one.message],
      ['input', '/prune/units', 'Layer "dense_1" has no unit 128: its 128 units are 0 to 127.'],
    );
    assert.match(
      (await failureOf('prune.unitOutOfRange', () => check([128, 200, 300]))).message,
      /no unit 128, nor 2 more of those named: /,
    );
  });
});

describe('a fault in a config', () => {
  const faults: [string, object, string, string, RegExp][] = [
    ['an unknown field', { prunning: {} }, 'config.unknownField', '/prunning', /no field `prunning`/],
    [
      'an unknown field deeper down',
      { data: { ...splits, shuffle: true } },
      'config.unknownField',
      '/data/shuffle',
      /`data` has no field `shuffle`/,
    ],
    [
      'a field of another kind of trigger',
      { trigger: { kind: 'sinusoidal', target: 0, alpha: 0.1 } },
      'config.unknownField',
      '/trigger/alpha',
      /`trigger` has no field `alpha`/,
    ],
    ['a missing field', { data: { train: splits.train } }, 'config.missingField', '/data', /`data` has no `test`/],
    [
      'a trigger without a target',
      { trigger: { kind: 'patch' } },
      'config.missingField',
      '/trigger',
      /`trigger` has no `target`/,
    ],
    [
      'a misspelt field that is needed',
      { trigger: { kind: 'patch', targets: 0 } },
      'config.unknownField',
      '/trigger/targets',
      /no field `targets`/,
    ],
    [
      'a trigger without a kind',
      { trigger: { target: 0 } },
      'config.missingField',
      '/trigger',
      /`trigger` has no `kind`/,
    ],
    [
      'an unknown kind of trigger',
      { trigger: { kind: 'path', target: 0 } },
      'config.wrongValue',
      '/trigger/kind',
      /must be "patch" or "blended" or "sinusoidal" or "warped" or "samples" or "inverted", not "path"/,
    ],
    ['a kind that is no word', { trigger: { kind: 1, target: 0 } }, 'config.wrongType', '/trigger/kind', /not 1/],
    [
      'a trigger that is no object',
      { trigger: 5 },
      'config.wrongType',
      '/trigger',
      /must be an object, \{ … \}, "inverted" or null, not 5/,
    ],
    [
      'a word for a trigger that is not the one',
      { trigger: 'patch' },
      'config.wrongValue',
      '/trigger',
      /must be an object, \{ … \}, "inverted" or null, not "patch"/,
    ],
    [
      'a wrong type',
      { seed: '0' },
      'config.wrongType',
      '/seed',
      /must be a whole number from 0 to 4294967295, not "0"/,
    ],
    ['a fraction for a whole number', { seed: 0.5 }, 'config.outOfRange', '/seed', /not 0.5/],
    ['a number in place of an object', { data: 5 }, 'config.wrongType', '/data', /must be an object/],
    ['null in place of an object', { data: null }, 'config.wrongType', '/data', /not null/],
    [
      'a negative number where a whole one is wanted',
      { trigger: { kind: 'patch', target: -0.5 } },
      'config.outOfRange',
      '/trigger/target',
      /of at least 0, not -0.5/,
    ],
    [
      'a ratio above 1',
      { prune: { ratio: 1.2 } },
      'config.outOfRange',
      '/prune/ratio',
      /a number from 0 to 1 or "auto", not 1.2/,
    ],
    ['a ratio below 0', { prune: { ratio: -0.1 } }, 'config.outOfRange', '/prune/ratio', /not -0.1/],
    [
      'a ratio that is another word',
      { prune: { ratio: 'automatic' } },
      'config.wrongValue',
      '/prune/ratio',
      /or "auto", not "automatic"/,
    ],
    [
      'an index below 0',
      { prune: { units: [3, -1] } },
      'config.outOfRange',
      '/prune/units/1',
      /`prune\.units\[1\]` must be a whole number of at least 0, not -1/,
    ],
    [
      'an index that is no whole number',
      { prune: { units: [0.5] } },
      'config.outOfRange',
      '/prune/units/0',
      /a whole number of at least 0, not 0.5/,
    ],
    ['an index in quotes', { prune: { units: ['3'] } }, 'config.wrongType', '/prune/units/0', /not "3"/],
    [
      'a unit named twice',
      { prune: { units: [4, 7, 4] } },
      'config.wrongValue',
      '/prune/units/2',
      /`prune\.units` names 4 twice/,
    ],
    [
      'a list of no units',
      { prune: { units: [] } },
      'config.wrongValue',
      '/prune/units',
      /must be a list of 1 to 65536 whole numbers, not \[\]/,
    ],
    [
      'more units than any layer has',
      { prune: { units: Array.from({ length: 65537 }, (_, u) => u) } },
      'config.wrongValue',
      '/prune/units',
      /1 to 65536 whole numbers/,
    ],
    [
      'a unit that is no list',
      { prune: { units: 3 } },
      'config.wrongType',
      '/prune/units',
      /a list of 1 to 65536 whole numbers, not 3/,
    ],
    [
      'units and a ratio',
      { prune: { ratio: 0.2, units: [3] } },
      'config.conflict',
      '/prune/units',
      /`prune\.ratio` and `prune\.units` both name what is pruned/,
    ],
    ['an unknown word', { backend: 'gpu' }, 'config.wrongValue', '/backend', /"auto" or "native" or "wasm", not "gpu"/],
    ['a scale of 0', { data: { ...splits, scale: 0 } }, 'config.outOfRange', '/data/scale', /a number above 0/],
    [
      'a mean that is a text',
      { data: { ...splits, mean: 'x' } },
      'config.wrongType',
      '/data/mean',
      /a number or a list of numbers/,
    ],
    [
      'a mean with a text in it',
      { data: { ...splits, mean: [0.1, 'x'] } },
      'config.wrongValue',
      '/data/mean',
      /a list of numbers, not \[0.1,"x"\]/,
    ],
    ['an empty list', { data: { ...splits, mean: [] } }, 'config.wrongValue', '/data/mean', /empty list/],
    [
      'a standard deviation of 0',
      { data: { ...splits, std: [1, 0, 1] } },
      'config.outOfRange',
      '/data/std/1',
      /above 0, not 0/,
    ],
    [
      'a size of three',
      { trigger: { kind: 'patch', target: 0, size: [1, 2, 3] } },
      'config.wrongValue',
      '/trigger/size',
      /a list of 2 numbers/,
    ],
    [
      'a size of no pixels',
      { trigger: { kind: 'patch', target: 0, size: [3, 0] } },
      'config.outOfRange',
      '/trigger/size/1',
      /at least 1, not 0/,
    ],
    [
      'a value above 1',
      { trigger: { kind: 'patch', target: 0, value: 255 } },
      'config.outOfRange',
      '/trigger/value',
      /from 0 to 1, not 255/,
    ],
    [
      'right and left',
      { trigger: { kind: 'patch', target: 0, right: 1, left: 1 } },
      'config.conflict',
      '/trigger/left',
      /exclude each other/,
    ],
    [
      'bottom and top',
      { trigger: { kind: 'patch', target: 0, top: 0, bottom: 0 } },
      'config.conflict',
      '/trigger/top',
      /exclude each other/,
    ],
    [
      'an image and a value',
      { trigger: { kind: 'patch', target: 0, image: 'p.png', value: 1 } },
      'config.conflict',
      '/trigger/value',
      /exclude/,
    ],
    [
      'an image and a noise seed',
      { trigger: { kind: 'blended', target: 0, image: 'p.png', patternSeed: 1 } },
      'config.conflict',
      '/trigger/patternSeed',
      /exclude/,
    ],
    [
      'analysis of images that are not held out',
      { data: { ...splits, analysis: 'holdout', holdout: 0 } },
      'config.conflict',
      '/data/holdout',
      /no image is held out/,
    ],
    [
      'units ordered by triggered images that cannot be stamped',
      { prune: { rule: 'triggered-difference' }, trigger: { kind: 'samples', target: 0, images: 'a', labels: 'b' } },
      'config.conflict',
      '/prune/rule',
      /can't be stamped/,
    ],
    [
      'a choice on images that are not held out',
      { data: { ...splits, holdout: 0 }, prune: { ratio: 'auto' } },
      'config.conflict',
      '/data/holdout',
      /held-out/,
    ],
    ['an empty path', { model: '' }, 'config.wrongValue', '/model', /path of a file/],
    [
      'a path with a zero byte',
      { trigger: { kind: 'samples', target: 0, images: 'a\0', labels: 'b' } },
      'config.wrongValue',
      '/trigger/images',
      /path of a file/,
    ],
  ];
  for (const [name, fields, code, pointer, message] of faults) {
    it(`gives one entry: ${name}`, async () => {
      const text = textOf(fields);
      const found = configProblems(text);
      assert.deepEqual(
        found.map((problem) => [problem.code, problem.path]),
        [[code, pointer]],
      );
      const [problem] = found;
      assert.match(problem!.message, message);
      assert.ok(problem!.length > 0 && problem!.offset + problem!.length <= text.length);
      const failure = await failureOf(code, () => parseConfig(text, FILE));
      assert.equal(failure.file, FILE);
      assert.match(failure.place!, new RegExp(`^${pointer}, line \\d+:\\d+$`));
    });
  }

  it('stands where the person looks: the value, the wrong key, or the object that lacks something', () => {
    const text =
      '{\n  "model": "m",\n  "data": { "train": { "images": "a", "labels": "b" } },\n  "seeds": 1,\n  "seed": "x"\n}';
    const marked = configProblems(text).map(({ offset, length }) => text.slice(offset, offset + length));
    assert.deepEqual(marked, ['"data"', '"seeds"', '"x"']);
    assert.throws(() => parseConfig(text, FILE), { place: '/data, line 3:3' });
  });

  it('comes with what to do: the word that was meant, the fields there are, what is to be added', () => {
    assert.equal(problems({ Seed: 1 })[0]!.todo, 'Did you mean `seed`?');
    assert.equal(problems({ finetune: {} })[0]!.todo, 'Did you mean `fineTune`?');
    assert.match(problems({ data: { ...splits, zzz: 1 } })[0]!.todo!, /Known fields: format, train, test/);
    assert.match(problems({ data: { train: splits.train } })[0]!.todo!, /^Add "test": \{ … \}\. Clean test data/);
    assert.equal(problems({ trigger: { kind: 'path', target: 0 } })[0]!.todo, 'Did you mean "patch"?');
  });

  it('does not hide the others', () => {
    const found = problems({
      seed: -1,
      threads: 0,
      trigger: { kind: 'patch', target: 'x' },
      data: { train: {}, test: splits.test },
    });
    assert.deepEqual(
      found.map(({ path: where }) => where).sort(),
      ['/data/train', '/data/train', '/seed', '/threads', '/trigger/target'].sort(),
    );
  });

  it('can be a key given twice, or one that would change the object itself', async () => {
    const twice = '{ "model": "m", "model": "n", "data": 1 }';
    const [problem, ...others] = configProblems(twice);
    assert.deepEqual(
      [problem!.code, problem!.path, problem!.offset, others.length],
      ['config.duplicateKey', '/model', 16, 0],
    );
    const [proto] = configProblems(`{ "__proto__": ${textOf({})} }`);
    assert.deepEqual([proto!.code, proto!.path], ['config.unknownField', '/__proto__']);
    assert.equal(({} as { model?: string }).model, undefined);
  });

  it('can be that there is nothing', async () => {
    for (const text of ['', '\uFEFF', ' \n', '// only a comment\n']) {
      const failure = await failureOf('config.empty', () => parseConfig(text, FILE));
      assert.match(failure.place!, /^line 1:1$/);
      assert.equal(configProblems(text).length, 1);
    }
  });

  const broken: [string, string, number][] = [
    ['a missing comma', '{\n  "model": "m"\n  "data": {}\n}', 3],
    ['a missing brace', '{ "model": "m", "data": {', 1],
    ['an open quote', '{ "model": "m }', 1],
    ['single quotes', "{ 'model': 'm' }", 1],
    ['an open comment', '{ /* never closed', 1],
    ['something after the end', '{}\n{}', 2],
    ['no JSON at all', 'model: model.json\ndata:\n', 1],
  ];
  for (const [name, text, line] of broken) {
    it(`can be broken syntax, which gives one entry: ${name}`, async () => {
      const [problem, ...others] = configProblems(text);
      assert.equal(problem!.code, 'config.syntax');
      assert.equal(others.length, 0);
      assert.ok(problem!.length > 0 && problem!.offset >= 0 && problem!.offset + problem!.length <= text.length + 1);
      const failure = await failureOf('config.syntax', () => parseConfig(text, FILE));
      assert.match(failure.place!, new RegExp(`^line ${line}:`));
    });
  }

  for (const text of ['[]', '5', 'null', '"model.json"']) {
    it(`can be that it is no object: ${text}`, () => {
      assert.deepEqual(
        configProblems(text).map(({ code, path: where }) => [code, where]),
        [['config.wrongType', '']],
      );
    });
  }

  it('can be nesting or length that no config has', async () => {
    await failureOf('config.syntax', () => parseConfig('['.repeat(500_000), FILE));
    await failureOf('config.tooLarge', () => parseConfig(' '.repeat(2 << 20), FILE));
  });

  it('can be a number beyond all numbers', async () => {
    const text = textOf({ data: { ...splits, scale: 1 } }).replace('"scale": 1', '"scale": 1e999');
    const failure = await failureOf('config.outOfRange', () => parseConfig(text, FILE));
    assert.match(failure.message, /a number above 0, not Infinity/);
  });
});

describe('the text of a new config', () => {
  const answers = { model: 'model.json', ...splits };

  it('validates, with the reference set-up as all that was not asked', () => {
    const text = configText({ ...answers, trigger: { kind: 'patch', target: 7 } });
    assert.deepEqual(configProblems(text), []);
    const resolved = resolveConfig(parseConfig(text, FILE));
    assert.deepEqual(resolved, resolveConfig({ ...base, trigger: { kind: 'patch', target: 7 } }));
  });

  it('can ask for an estimated trigger and a repair that chooses by itself', () => {
    const text = configText({ ...answers, trigger: 'inverted', strategy: 'auto' });
    const { trigger, strategy, prune } = parseConfig(text, FILE);
    assert.deepEqual([trigger, strategy, prune], ['inverted', 'auto', undefined]);
    assert.match(text, /estimated from the model/);
  });

  it('says that no trigger is known', () => {
    const text = configText({ ...answers, trigger: null });
    assert.equal(parseConfig(text, FILE).trigger, null);
    assert.match(text, /No trigger is known/);
  });

  it('stays valid with every comment put into force', () => {
    const text = configText({ ...answers, trigger: null });
    const forced = text.replace(/^( *)\/\/ (?=")/gm, '$1');
    assert.equal(text.split('\n').filter((line, i) => line !== forced.split('\n')[i]).length, 7);
    assert.deepEqual(configProblems(forced), []);
    const config = parseConfig(forced, FILE);
    assert.deepEqual(
      [config.data.analysis, config.data.mean, config.layer, config.fineTune?.batchSize, config.seed],
      ['holdout', 0.1307, 'conv2d_2', 64, 0],
    );
  });

  it('survives any path', () => {
    const model = 'a "quoted"\\folder/*/mödel.json // x';
    assert.equal(parseConfig(configText({ ...answers, model, trigger: null }), FILE).model, model);
  });
});

describe('reading a config from disk', () => {
  const folder = temporaryFolder();

  it('gives name, folder, model and a resolver that stays inside', async () => {
    await folder.write('model.json', '{}');
    const file = await folder.write('mnist.fineprune.json', textOf({}));
    const opened = await readConfig(file);
    assert.equal(opened.name, 'mnist');
    assert.equal(opened.file, file);
    assert.equal(opened.folder, folder.path);
    assert.equal(opened.modelPath, path.join(folder.path, 'model.json'));
    assert.equal(await opened.resolve('data/x'), path.join(folder.path, 'data', 'x'));
    await failureOf('path.outside', () => opened.resolve('../x', 'test images'));
  });

  it('refuses a model outside, at its place in the config, unless root or a folder allow it', async () => {
    await mkdir(path.join(folder.path, 'configs'));
    const file = await folder.write('configs/a.fineprune.json', textOf({ model: '../model.json' }));
    const failure = await failureOf('path.outside', () => readConfig(file));
    assert.equal(failure.file, file);
    assert.match(failure.place!, /^\/model, line 2:12$/);
    assert.equal((await readConfig(file, { root: folder.path })).modelPath, path.join(folder.path, 'model.json'));
    assert.equal(
      (await readConfig(file, { allowedFolders: [folder.path] })).modelPath,
      path.join(folder.path, 'model.json'),
    );
  });

  it('follows a link to the config: paths are relative to the file itself', async () => {
    await mkdir(path.join(folder.path, 'real'));
    const real = await folder.write('real/a.fineprune.json', textOf({}));
    const link = path.join(folder.path, 'b.fineprune.json');
    await symlink(real, link);
    const opened = await readConfig(link);
    assert.equal(opened.modelPath, path.join(folder.path, 'real', 'model.json'));
    assert.equal(opened.name, 'b');
  });

  it('adds file and line to a failure that names only a place in the config', async () => {
    const file = await folder.write('a.fineprune.json', textOf({ trigger: { kind: 'patch', target: 12 } }));
    const opened = await readConfig(file);
    const placed = opened.placed(badInput('trigger.target', 'No such class.', { place: '/trigger/target' })) as {
      file: string;
      place: string;
      code: string;
    };
    assert.equal(placed.file, file);
    assert.match(placed.place, /^\/trigger\/target, line 15:15$/);
    const left = opened.placed(badInput('trigger.doesNotFit', 'Too large.', { place: '/trigger/size' })) as {
      place: string;
    };
    assert.match(left.place, /^\/trigger\/size, line 13:14$/);
    const other = badInput('data.missing', 'Not there.', { file: 'x', place: 'byte 0' });
    assert.equal(opened.placed(other), other);
    const defect = new Error('x');
    assert.equal(opened.placed(defect), defect);
  });

  it('says what is wrong with the file itself', async () => {
    await failureOf('config.missing', () => readConfig(path.join(folder.path, 'none.fineprune.json')));
    await failureOf('config.notAFile', () => readConfig(folder.path));
    await failureOf('config.empty', async () => readConfig(await folder.write('a.json', '')));
    await failureOf('config.encoding', async () =>
      readConfig(await folder.write('a.json', Buffer.from('\uFEFF{}', 'utf16le'))),
    );
    await failureOf('config.encoding', async () =>
      readConfig(await folder.write('a.json', Buffer.from('{"model": "\xe9"}', 'latin1'))),
    );
    await failureOf('config.tooLarge', async () =>
      readConfig(await folder.write('a.json', Buffer.alloc((1 << 20) + 1, 32))),
    );
    await failureOf('config.lfsPointer', async () =>
      readConfig(await folder.write('a.json', 'version https://git-lfs.example/spec/v1\noid sha256:4d7a\nsize 12\n')),
    );
    const broken = await failureOf('config.syntax', async () =>
      readConfig(await folder.write('a.json', '{ "model" }')),
    );
    assert.equal(broken.file, path.join(folder.path, 'a.json'));
  });

  it('takes the name without its endings', () => {
    assert.equal(baseName('/x/mnist.fineprune.json'), 'mnist');
    assert.equal(baseName('/x/a.b.FinePrune.json'), 'a.b');
    assert.equal(baseName('/x/defense.json'), 'defense');
    assert.equal(baseName('/x/.fineprune.json'), 'fineprune');
  });
});
