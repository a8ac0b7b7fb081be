import assert from 'node:assert/strict';
import { splits, problems, type FaultyField, givesOneEntry } from './support';

describe('a field of a config that its schema does not allow', () => {
  const faults: FaultyField[] = [
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
    [
      'a size of three',
      { trigger: { kind: 'patch', target: 0, size: [1, 2, 3] } },
      'config.wrongValue',
      '/trigger/size',
      /a list of 2 numbers/,
    ],
  ];
  for (const fault of faults) it(`gives one entry: ${fault[0]}`, () => givesOneEntry(fault));

  it('comes with what to do: the word that was meant, the fields there are, what is to be added', () => {
    assert.equal(problems({ Seed: 1 })[0]!.todo, 'Did you mean `seed`?');
    assert.equal(problems({ finetune: {} })[0]!.todo, 'Did you mean `fineTune`?');
    assert.match(problems({ data: { ...splits, zzz: 1 } })[0]!.todo!, /Known fields: format, train, test/);
    assert.match(problems({ data: { train: splits.train } })[0]!.todo!, /^Add "test": \{ … \}\. Clean test data/);
    assert.equal(problems({ trigger: { kind: 'path', target: 0 } })[0]!.todo, 'Did you mean "patch"?');
  });
});
