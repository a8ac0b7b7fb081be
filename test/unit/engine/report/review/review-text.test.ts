import assert from 'node:assert/strict';
import { ANN, accept, read, codeOf } from './support';

describe('a list of decisions', () => {
  it('has one decision a line, by finding, and leaves the others as they are', () => {
    const one = accept(null, 'pruned-all-dead');
    const two = accept(one, 'analysis-on-test-set', { author: 'Bob <bob@example.org>' });
    const three = accept(two, 'gate.maxAttackSuccessRate', { expires: '2026-12-31' });
    assert.deepEqual(
      read(three).decisions.map((d) => d.finding),
      ['analysis-on-test-set', 'gate.maxAttackSuccessRate', 'pruned-all-dead'],
    );
    assert.equal(three.split('\n').filter((line) => line.includes('"finding"')).length, 3);
    for (const line of two.split('\n')) assert.ok(three.split('\n').includes(line), line);
    const four = accept(three, 'fine-tuning-did-the-work');
    assert.deepEqual(JSON.parse(four), read(four), 'it is plain JSON');
    assert.ok(four.endsWith('\n'));
  });

  it('replaces what was decided about the same finding', () => {
    const text = accept(accept(accept(null, 'pruned-all-dead'), 'analysis-on-test-set'), 'pruned-all-dead', {
      reason: 'Looked at again.',
    });
    assert.deepEqual(
      read(text).decisions.map((d) => d.reason),
      [ANN.reason, 'Looked at again.'],
    );
  });

  it('keeps line ends, indentation and what else is in the file', () => {
    const first = accept(null, 'pruned-all-dead')
      .replace('{\n', '{\n  "$schema": "x.json",\n')
      .replace(/^ {4}/m, '\t\t')
      .replace(/\n/g, '\r\n');
    const text = accept(first, 'analysis-on-test-set');
    assert.ok(text.includes('"$schema": "x.json"'));
    assert.ok(
      first
        .split('\r\n')
        .slice(0, 4)
        .every((line) => text.split('\r\n').includes(line)),
    );
    assert.ok(!/[^\r]\n/.test(text));
    assert.match(text, /^\t\t\{ "finding": "analysis-on-test-set".*\},\r\n\t\t\{/m);
    const flat = accept('{"schemaVersion":1,"decisions":[]}', 'pruned-all-dead');
    assert.equal(read(flat).decisions.length, 1);
  });

  it("writes a reason of several lines in one, and what can't be seen as escapes", () => {
    const text = accept(null, 'pruned-all-dead', { reason: ' safe\n  \u202Eevil\u2066 "quoted" \u0007 ' });
    assert.ok(!/[\u202E\u2066\u0007]/.test(text));
    assert.equal(text.split('\n').length, 7);
    assert.equal(read(text).decisions[0]?.reason, 'safe \u202Eevil\u2066 "quoted" \u0007');
  });

  it('does not take a decision without reason or author, on no day, or that ends before it begins', () => {
    for (const bad of [
      { reason: ' ' },
      { reason: 'x'.repeat(1001) },
      { author: '' },
      { date: '2026-02-30' },
      { date: 'today' },
      { expires: '2026-13-01' },
      { expires: '2026-02-01' },
    ]) {
      assert.equal(
        codeOf(() => accept(null, 'pruned-all-dead', bad)),
        'review.field',
        JSON.stringify(bad),
      );
    }
    assert.equal(
      codeOf(() => accept(null, 'curve-subset')),
      'review.noSuchIssue',
    );
  });
});
