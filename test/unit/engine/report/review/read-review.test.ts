import assert from 'node:assert/strict';
import { accept, read, codeOf } from './support';

describe('a list of decisions', () => {
  it('is refused with its place when it is none', () => {
    const good = accept(null, 'pruned-all-dead');
    const refused: [string, string][] = [
      ['review.empty', ''],
      ['review.syntax', good.slice(0, -10)],
      ['review.syntax', good.replace('"decision":', '"decision"')],
      ['review.syntax', good.replace('"accept",', '"accept"')],
      ['review.version', good.replace('"schemaVersion": 2', '"schemaVersion": 3')],
      ['review.schema', good.replace('"accept"', '"reject"')],
      ['review.schema', good.replace('pruned-all-dead', 'pruned-some')],
      ['review.schema', '[]'],
      ['review.schema', 'null'],
      ['review.date', good.replace('2026-03-01', '2026-02-29')],
      ['review.duplicateKey', good.replace('"author":', '"reason": "mine", "author":')],
      ['review.duplicateKey', good.replace('"author":', '"__proto__": {}, "author":')],
      ['review.tooLarge', `{"a":"${'x'.repeat(2 << 20)}"}`],
      ['review.tooDeep', '['.repeat(100_000)],
    ];
    for (const [code, text] of refused)
      assert.equal(
        codeOf(() => read(text)),
        code,
        text.slice(0, 200),
      );
  });
});
