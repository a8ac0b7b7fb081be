import assert from 'node:assert/strict';
import { readReport } from '../../../../../server/engine/report/json/read-report';
import { FinePruneError } from '../../../../../server/protocol/errors';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import { exampleReport, exampleText, textOf } from '../../../../fixtures/example-report';

/** The failure that a text is refused with. */
function refused(text: string): FinePruneError {
  try {
    readReport(text, '/w/x.defense.json');
  } catch (error) {
    assert.ok(error instanceof FinePruneError, String(error));
    assert.equal(error.kind, 'input');
    assert.equal(error.file, '/w/x.defense.json');
    return error;
  }
  throw new assert.AssertionError({ message: 'the text was accepted' });
}

/** A value put at a pointer of the committed report. */
function withValue(pointer: string, value: unknown): string {
  const report = exampleReport();
  const keys = pointer.split('/').slice(1);
  const last = keys.pop()!;
  const parent = keys.reduce<Record<string, unknown>>(
    (inner, key) => inner[key] as Record<string, unknown>,
    report as unknown as Record<string, unknown>,
  );
  parent[last] = value;
  return textOf(report);
}

describe('reading a report', function () {
  // Large texts take their time; how long is not asserted.
  this.timeout(60_000);

  it('takes the committed one, and gives the value that stands there', () => {
    assert.deepEqual(readReport(exampleText(), 'x'), JSON.parse(exampleText()));
  });

  it('says at which line and column the text ends too early', () => {
    const text = exampleText();
    for (const share of [0.1, 0.5, 0.999]) {
      const cut = text.slice(0, Math.floor(text.length * share));
      const { code, place } = refused(cut);
      assert.equal(code, 'report.syntax');
      const lines = cut.split('\n');
      const [, line] = /^line (\d+):\d+$/.exec(place ?? '') ?? [];
      assert.ok(Number(line) >= lines.length - 1, `${place}, of ${lines.length} lines`);
    }
  });

  it('names the fault of the syntax', () => {
    assert.match(
      refused(exampleText().replace('"pValue": 0.0354495949', '"pValue": NaN')).message,
      /NaN is not a valid JSON number/,
    );
    assert.match(
      refused(exampleText().replace('"pValue": 0.0354495949', '"pValue": -Infinity')).message,
      /-?Infinity is not a valid JSON number/,
    );
    assert.match(refused(exampleText().replace('"images": 10000,', '"images": 10000')).message, /a comma was expected/);
    assert.match(refused(`// hello\n${exampleText()}`).message, /JSON does not allow comments/);
    assert.equal(refused(exampleText().replace(/\}\s*$/, '},')).code, 'report.syntax');
    assert.equal(refused(`\uFEFF${exampleText()}`).code, 'report.syntax');
  });

  it('refuses what is empty, no report, or of another version, each in its own words', () => {
    assert.equal(refused('').code, 'report.empty');
    assert.equal(refused(' \n').code, 'report.empty');
    for (const text of ['null', '7', '"x"', '[]', '{}', '{"name": "demo"}'])
      assert.equal(refused(text).code, 'report.notAReport', text);
    const later = refused(withValue('/schemaVersion', 3));
    assert.equal(later.code, 'report.version');
    assert.match(later.message, /schemaVersion 3; this version of Fine-Prune reads 1 and 2/);
    assert.match(later.place ?? '', /^\/schemaVersion, line \d+:\d+$/);
    assert.equal(refused('{"schemaVersion": "1"}').code, 'report.version');
  });

  it('refuses more than 8 MB before it is parsed', () => {
    assert.equal(refused(`{"a": "${'x'.repeat(9 << 20)}"}`).code, 'report.tooLarge');
    assert.equal(refused(`{"a": "${'ä'.repeat(5 << 20)}"}`).code, 'report.tooLarge', 'in bytes, not in characters');
  });

  it('gets through 6 MB of rubbish that is JSON, and refuses more values than a report has', () => {
    const text = exampleText();
    const rows = `[${Array.from({ length: 600_000 }, () => '123456789').join(',')}]`;
    const { code, message } = refused(text.replace('"correct": [', `"correct": ${rows}, "other": [`));
    assert.equal(code, 'report.figure');
    assert.match(message, /has 600000 entries/);
    const many = refused(text.replace('"correct": [', `"correct": [${'{},'.repeat(800_000)}`));
    assert.equal(many.code, 'report.tooLarge');
    assert.match(many.message, /too many values for a defense report/);
  });

  it('refuses brackets without end, instead of running out of stack', () => {
    for (const text of [
      '['.repeat(5_000_000),
      '{"a":'.repeat(1_000_000),
      `{"schemaVersion":1,"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
    ]) {
      assert.equal(refused(text).code, 'report.tooDeep');
    }
    assert.equal(
      refused(exampleText().replace('"relu"', `"${'['.repeat(1000)}`)).code,
      'report.syntax',
      'brackets in a text do not count',
    );
  });

  it('refuses a key that is given twice, and __proto__', () => {
    const twice = refused(
      exampleText().replace('"word": "not mitigated"', '"word": "not mitigated", "word": "mitigated"'),
    );
    assert.deepEqual([twice.code, twice.place?.split(',')[0]], ['report.duplicateKey', '/verdict/word']);
    assert.equal(
      refused(exampleText().replace('"word":', '"__proto__": {"word": "mitigated"}, "word":')).code,
      'report.duplicateKey',
    );
    assert.equal(
      refused(exampleText().replace('"word": "not mitigated"', '"word": "not mitigated", "\\u0077ord": "mitigated"'))
        .code,
      'report.duplicateKey',
      'escapes do not hide it',
    );
    assert.equal(({} as { word?: string }).word, undefined);
  });

  it('places a fault of the schema at its pointer, line and column', () => {
    const fault = refused(withValue('/gates/1/met', 'yes'));
    assert.equal(fault.code, 'report.schema');
    assert.match(fault.place ?? '', /^\/gates\/1\/met, line \d+:\d+$/);
    assert.match(refused(withValue('/verdict/word', 'great')).message, /must be one of "not measurable"/);
    assert.match(refused(withValue('/extra', 1)).message, /unknown field `extra`/);
    const without = exampleReport();
    delete (without as Partial<DefenseReport>).curve;
    assert.match(refused(textOf(without)).message, /has no `curve`/);
  });

  const impossible: [string, unknown][] = [
    ['/stages/after/cleanAccuracy/rate', 1.2],
    ['/stages/after/cleanAccuracy/rate', -0.1],
    ['/stages/after/cleanAccuracy/hits', 10_001],
    ['/stages/after/cleanAccuracy/hits', 9910.5],
    ['/stages/after/cleanAccuracy/hits', -1],
    ['/stages/after/attackSuccessRate/low', 0.99],
    ['/stages/after/attackSuccessRate/high', 0.1],
    ['/confusion/before/clean/correct/0', 1e15],
    ['/confusion/before/clean/of', [1, 2]],
    ['/confusion/after/clean/correct', []],
    ['/confusion/before/triggered/wrong/0/as/0', [10, 1]],
    ['/pruning/units/0', 128],
    ['/pruning/units/0', -1],
    ['/pruning/units/1', 0],
    ['/pruning/ratio', 7],
    ['/layer/dead/0', 500],
    ['/layer/units', 1e9],
    ['/layer/activations', []],
    ['/layer/classMeans/4', [0]],
    ['/layer/activations/4/cleanFires', 1.5],
    ['/layer/activations/4/triggeredFires', null],
    ['/comparison/cleanAccuracy/pValue', 1.5],
    ['/curve/points/3/correct', 10_001],
    ['/curve/points/3/successful', null],
    ['/curve/largestWithinLimit/pruned', 129],
    ['/gates/0/limit', 5],
    ['/gates/0/measured', -2],
    ['/trigger/target', 10],
    ['/data/classes', 1e300],
    ['/data/test/images', 20_000],
    ['/fineTuning/history/0/accuracy', 99.3],
    ['/fineTuning/history/0/loss', -1],
    ['/provenance/threads', 0],
  ];
  for (const [pointer, value] of impossible) {
    it(`refuses ${JSON.stringify(value)} at ${pointer}`, () => {
      const fault = refused(withValue(pointer, value));
      assert.equal(fault.code, 'report.figure', fault.message);
      assert.match(fault.place ?? '', /^\/\S+, line \d+:\d+$/);
      assert.ok(fault.place!.startsWith(pointer.split('/').slice(0, 3).join('/')), fault.place);
    });
  }

  it('refuses a number that is too large to be one', () => {
    const fault = refused(exampleText().replace('"pValue": 0.0354495949', '"pValue": 1e999'));
    assert.equal(fault.code, 'report.number');
    assert.match(fault.place ?? '', /^\/comparison\/cleanAccuracy\/pValue, line \d+:\d+$/);
  });

  it('cuts what a hostile text would put into a message', () => {
    const { message, place } = refused(withValue('/extra', 1).replace('"extra"', `"${'x'.repeat(100_000)}"`));
    assert.ok(message.length < 300 && (place ?? '').length < 300);
  });
});
