import assert from 'node:assert/strict';
import { type ConfigFacts } from '../../../../server/language/text/facts';
import { diagnose, goodFacts, marked } from '../support';

/** Exactly one diagnostic of that code, with exactly the marked range. */
export function one(markedText: string, code: string, facts: ConfigFacts = goodFacts()) {
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
