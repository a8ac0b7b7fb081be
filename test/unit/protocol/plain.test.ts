import assert from 'node:assert/strict';
import { badInput, describeFailure, failureFrom } from '../../../server/protocol/errors';
import { jsonText } from '../../../server/protocol/text/json-text';
import { label } from '../../../server/protocol/text/label';
import { code, text } from '../../../server/protocol/text/markdown';
import { MOST_NAME, MOST_SENTENCE, named, plain, plainLines, visible } from '../../../server/protocol/text/plain';
import { shellWord } from '../../../server/protocol/text/shell-word';
import { NASTY, steering } from '../../fixtures/nasty-strings';

describe('texts from outside', () => {
  const LONG = 'k'.repeat(70_000);
  const ALL = [
    ...NASTY,
    LONG,
    `${'\u202E'.repeat(500)}x`,
    '𝕏'.repeat(300),
    '\u001b]0;title\u0007',
    'a\u{E0041}b',
    'a\uFE0Fb',
    '\uFFFE',
  ];

  it('steer nothing in any form, and are not longer than the form allows', () => {
    for (const one of ALL) {
      for (const shown of [visible(one), plain(one), named(one), label(one), shellWord(one), code(one)])
        assert.deepEqual(steering(shown), [], JSON.stringify(one.slice(0, 80)));
      assert.deepEqual(steering(plainLines(one).replaceAll(/[\n\t\u2060]/g, '')), []);
      assert.deepEqual(steering(text(one).replaceAll('\u2060', '')), []);
      assert.ok(named(one).length <= MOST_NAME);
      assert.ok(plain(one).length <= MOST_SENTENCE);
    }
  });

  it('come out of a second call as they were', () => {
    for (const one of ALL) {
      assert.equal(plain(plain(one)), plain(one));
      assert.equal(named(named(one)), named(one));
    }
  });

  it('keep their two ends, and say how long they are', () => {
    assert.match(named(`begin${LONG}end`), /^begink+… \(70008 characters\) …k+end$/);
    assert.equal(named('x'.repeat(MOST_NAME)), 'x'.repeat(MOST_NAME));
  });

  it('keep what people write', () => {
    for (const one of ['dense_1', 'Größe (µm)', '層 1', 'α→β', '❤️ liked', 'שלום', 'a  b']) {
      assert.equal(visible(one), one);
      assert.equal(JSON.parse(jsonText(one)), one);
    }
  });

  it('draw no icon', () => assert.equal(label('$(pass) mitigated $(x)'), '$ (pass) mitigated $ (x)'));

  it('are the same values in JSON, without a character that steers', () => {
    for (const one of ALL) {
      const json = jsonText({ [one]: [one] });
      assert.deepEqual(JSON.parse(json), { [one]: [one] });
      assert.deepEqual(steering(json.replaceAll('\n', '')), []);
    }
  });

  it('are safe in every error, however it is made and told', () => {
    for (const one of ALL) {
      const made = badInput('x', `There is no ${one} here.`, {
        file: `/tmp/${one}`,
        place: `/${one}`,
        todo: `Remove ${one}.`,
      });
      assert.equal(made.file, `/tmp/${one}`, 'what programs open stays as it is');
      assert.equal(made.place, `/${one}`);
      const thrown = failureFrom(new Error(one), (message) => ({
        kind: 'engine',
        code: 'x',
        message: `It failed: ${message}`,
      }));
      for (const told of [made.message, made.todo!, thrown.message, ...describeFailure(made.toFailure()).split('\n')]) {
        assert.deepEqual(steering(told), []);
        assert.ok(told.length <= MOST_SENTENCE + 20, `${told.length}`);
      }
      assert.equal(describeFailure(made.toFailure()).split('\n').length, 3);
    }
  });
});
