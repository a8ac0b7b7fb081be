import assert from 'node:assert/strict';
import { decide } from '../../../../server/engine/detect/decide';
import type { Found } from '../../../../server/engine/detect/detector';
import { judgeMasks } from '../../../../server/engine/detect/neural-cleanse/judge';
import { masksOf, quietScan, suspiciousScan } from '../../../fixtures/scan-result';
import { partialScan } from '../../../fixtures/scan-report';

const other = (name: string, word: Found['word'], suspects: Found['suspects'] = []): Found => {
  const told = { word, sentence: `${name} says ${word}.`, suspects };
  return { ...told, evidence: { method: 'other', name, ...told } };
};

describe('one answer from all detectors', () => {
  it('is that of the only one', () => {
    const scan = suspiciousScan();
    const { word, sentence, suspects } = decide([judgeMasks(masksOf(scan), undefined)]);
    assert.deepEqual([word, sentence, suspects], [scan.word, scan.sentence, scan.suspects]);
    assert.deepEqual(
      suspects.map(({ target, methods }) => [target, methods]),
      [[0, ['neural-cleanse']]],
    );
    assert.ok(suspects[0]!.score > 1);
  });

  it('suspects what any of them suspects, each class once, with the highest score', () => {
    const { word, sentence, suspects } = decide([
      other('a', 'nothing found'),
      other('b', 'suspicious', [
        { target: 3, score: 1.5 },
        { target: 3, source: 8, score: 1.2 },
      ]),
      other('c', 'suspicious', [
        { target: 7, score: 9 },
        { target: 3, score: 2.5 },
      ]),
      other('d', 'not measurable'),
    ]);
    assert.equal(word, 'suspicious');
    assert.equal(sentence, 'b says suspicious. c says suspicious. a says nothing found. d says not measurable.');
    assert.deepEqual(suspects, [
      { target: 3, score: 2.5, methods: ['b', 'c'] },
      { target: 3, source: 8, score: 1.2, methods: ['b'] },
      { target: 7, score: 9, methods: ['c'] },
    ]);
  });

  it('is that nothing was found where one could look, and not measurable where none could', () => {
    const [quiet, few] = [quietScan(), partialScan([5], [70])];
    const found = [judgeMasks(masksOf(few), few.searched), judgeMasks(masksOf(quiet), undefined)];
    assert.equal(decide(found).word, 'nothing found');
    assert.equal(decide(found.slice(0, 1)).word, 'not measurable');
    assert.deepEqual(decide(found).suspects, []);
  });
});
