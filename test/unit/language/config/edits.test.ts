import assert from 'node:assert/strict';
import { parse } from 'jsonc-parser';
import { withChoice, type PruneChoice } from '../../../../server/language/config/edits';
import { changedPart } from '../../../../server/language/text/json-edits';
import { ratioFor } from '../../../../server/language/text/ratio';
import { pruneCount } from '../../../../server/protocol/config/pruning';

const CONFIG = `{
  // The model to defend.
  "model": "model.json",
  "prune": {
    "ratio": 0.2, // the reference
    "rule": "clean-mean"
  },
  "gates": { "maxAccuracyDrop": 0.01 }
}
`;

describe('a ratio for a number of units', () => {
  it('prunes exactly that number, whatever the layer', () => {
    for (const units of [1, 2, 3, 7, 10, 64, 100, 128, 512, 1000, 4096]) {
      for (let count = 0; count <= units; count++)
        assert.equal(pruneCount(ratioFor(count, units), units), count, `${count} of ${units}`);
    }
  });

  it('is the shortest decimal that does', () => {
    assert.equal(ratioFor(25, 128), 0.2);
    assert.equal(ratioFor(64, 128), 0.5);
    assert.equal(ratioFor(128, 128), 1);
    assert.equal(ratioFor(0, 128), 0);
    assert.equal(ratioFor(26, 128), 0.21);
    for (const units of [7, 100, 128, 512]) {
      for (let count = 1; count < units; count++) {
        const digits = String(ratioFor(count, units)).split('.')[1]?.length ?? 0;
        const scale = 10 ** (digits - 1);
        const shorter = Array.from({ length: scale + 1 }, (_, i) => i / scale).find(
          (ratio) => pruneCount(ratio, units) === count,
        );
        assert.equal(shorter, undefined, `${count} of ${units}: ${shorter} is shorter than ${ratioFor(count, units)}`);
      }
    }
  });
});

describe('a choice of the inspector, in the text of a config', () => {
  it('changes the ratio alone, and keeps comments and formatting', () => {
    const { text, told } = withChoice(CONFIG, { layer: 'dense_1', count: 64, units: 128 }, 'dense_1');
    assert.equal(text, CONFIG.replace('0.2', '0.5'));
    assert.equal(told, 'prune.ratio 0.5 (64 of 128)');
  });

  it('names units on one line, ascending and once each, instead of a ratio', () => {
    const { text, told } = withChoice(CONFIG, { layer: 'dense_1', units: [17, 3, 17] }, 'dense_1');
    const prune = (parse(text) as { prune: Record<string, unknown> }).prune;
    assert.deepEqual(prune, { rule: 'clean-mean', units: [3, 17] });
    assert.ok(text.includes('"units": [3, 17]'), text);
    assert.ok(text.includes('// The model to defend.'));
    assert.equal(told, 'prune.units (2)');
  });

  it('takes named units away again for a ratio', () => {
    const named = withChoice(CONFIG, { layer: 'dense_1', units: [3] }, 'dense_1').text;
    const { text } = withChoice(named, { layer: 'dense_1', count: 25, units: 128 }, 'dense_1');
    assert.deepEqual((parse(text) as { prune: unknown }).prune, { rule: 'clean-mean', ratio: 0.2 });
  });

  it('writes the layer when it is another than the config prunes, and only then', () => {
    const { text, told } = withChoice(CONFIG, { layer: 'conv2d_2', count: 8, units: 64 }, 'dense_1');
    assert.equal((parse(text) as { layer?: string }).layer, 'conv2d_2');
    assert.equal(told, 'prune.ratio 0.13 (8 of 64) and layer "conv2d_2"');
    assert.equal(
      (parse(withChoice(CONFIG, { layer: 'dense_1', count: 8, units: 128 }, 'dense_1').text) as { layer?: string })
        .layer,
      undefined,
    );
  });

  it('names the layer where the config prunes another one, or where nobody knows which', () => {
    const choice: PruneChoice = { layer: 'dense_1', count: 25, units: 128 };
    const named = CONFIG.replace('"gates"', '"layer": "conv2d_2", // for now\n  "gates"');
    assert.equal(withChoice(named, choice, 'dense_1').text, named.replace('conv2d_2', 'dense_1'));
    assert.equal((parse(withChoice(CONFIG, choice, undefined).text) as { layer?: string }).layer, 'dense_1');
    assert.equal(
      withChoice(named.replace('conv2d_2', 'dense_1'), choice, undefined).told,
      'prune.ratio 0.2 (25 of 128)',
    );
  });

  it('adds what a config lacks, with its own indentation and line ends', () => {
    const { text } = withChoice(
      '{\r\n\t"model": "model.json"\r\n}\r\n',
      { layer: 'dense_1', count: 25, units: 128 },
      'dense_1',
    );
    assert.equal(text, '{\r\n\t"model": "model.json",\r\n\t"prune": { "ratio": 0.2 }\r\n}\r\n');
  });

  it('leaves every comment with what it is about', () => {
    const text = '{\n  "model": "m", // the model\n  "seed": 0 /* the\n  seed */ // indeed\n  // the end\n}\n';
    assert.equal(
      withChoice(text, { layer: 'dense_1', units: [3] }, 'dense_1').text,
      text.replace('0 /*', '0, /*').replace('indeed', 'indeed\n  "prune": { "units": [3] }'),
    );
    const trailing = '{\n  "model": "m", // the model\n}\n';
    assert.equal(
      withChoice(trailing, { layer: 'dense_1', units: [3] }, 'dense_1').text,
      '{\n  "model": "m", // the model\n  "prune": { "units": [3] },\n}\n',
    );
    const above = '{ "prune": {\n  // how much\n  "ratio": "auto" // or a share\n} }';
    assert.equal(
      withChoice(above, { layer: 'dense_1', units: [3] }, 'dense_1').text,
      above.replace('"ratio": "auto"', '"units": [3]'),
    );
  });

  it('stays on one line where the config is on one', () => {
    assert.equal(
      withChoice('{ "model": "m" }', { layer: 'conv2d', units: [3] }, 'dense_1').text,
      '{ "model": "m", "prune": { "units": [3] }, "layer": "conv2d" }',
    );
  });

  it('writes over what is no object, and into an empty one', () => {
    const choice: PruneChoice = { layer: 'dense_1', count: 25, units: 128 };
    assert.equal(withChoice('{ "prune": null }', choice, 'dense_1').text, '{ "prune": { "ratio": 0.2 } }');
    assert.equal(
      withChoice('{\n  "prune": {}\n}', choice, 'dense_1').text,
      '{\n  "prune": {\n    "ratio": 0.2\n  }\n}',
    );
    assert.equal(
      withChoice('{\n  // to do\n}', choice, 'dense_1').text,
      '{\n  "prune": { "ratio": 0.2 }\n  // to do\n}',
    );
  });

  it('breaks a long list of units into lines of at most 100 columns', () => {
    const units = Array.from({ length: 64 }, (_, i) => 3 * i);
    const { text } = withChoice(CONFIG, { layer: 'dense_1', units }, 'dense_1');
    assert.deepEqual((parse(text) as { prune: { units: number[] } }).prune.units, units);
    const lines = text.split('\n');
    const first = lines.indexOf('    "units": [');
    assert.ok(first > 0, text);
    assert.match(lines[first + 1] ?? '', /^ {6}0, 3, 6, /);
    assert.equal(lines[lines.indexOf('    ], // the reference') - 1]?.endsWith('189'), true, text);
    assert.ok(
      lines.every((line) => line.length <= 100),
      text,
    );
  });

  it('is refused where the text is no whole config', () => {
    for (const text of ['', '[]', '{ "model": "m"', '{ "model": }']) {
      assert.throws(() => withChoice(text, { layer: 'dense_1', units: [3] }, 'dense_1'), {
        name: 'FinePruneError',
        code: 'config.syntax',
      });
    }
  });

  it('leads back from units to a ratio to the very text that there was', () => {
    const there = withChoice(CONFIG, { layer: 'dense_1', units: [3] }, 'dense_1').text;
    assert.equal(withChoice(there, { layer: 'dense_1', count: 25, units: 128 }, 'dense_1').text, CONFIG);
  });
});

describe('the part of a text that changed', () => {
  const patched = (before: string, after: string): string => {
    const { start, end, text } = changedPart(before, after);
    return before.slice(0, start) + text + before.slice(end);
  };

  it('leads from one text to the other, and is no longer than it has to be', () => {
    assert.deepEqual(changedPart('"ratio": 0.2,', '"ratio": 0.25,'), { start: 12, end: 12, text: '5' });
    assert.deepEqual(changedPart('aaa', 'aa'), { start: 2, end: 3, text: '' });
    assert.deepEqual(changedPart('same', 'same'), { start: 4, end: 4, text: '' });
    for (const [before, after] of [
      ['', 'ab'],
      ['ab', ''],
      ['aba', 'ababa'],
      ['x{ }y', 'x{ "a": 1 }y'],
    ] as const)
      assert.equal(patched(before, after), after);
  });
});
