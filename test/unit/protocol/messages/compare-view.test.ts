import assert from 'node:assert/strict';
import { compareReports } from '../../../../server/engine/report/compare/compare';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import {
  parseComparePageState,
  parseFromCompare,
  parseToCompare,
} from '../../../../server/protocol/messages/compare-view';
import { repairedReport } from '../../../fixtures/repaired-report';
import { example } from '../../webview/report-support';

const state = { version: 1 as const, base: { uri: 'git:/a', label: 'HEAD' }, head: null };

const comparisonOf = (base: DefenseReport | null, head: DefenseReport | null) => ({
  type: 'comparison' as const,
  state,
  name: 'mnist-badnets',
  labels: { base: 'HEAD', head: 'working tree' },
  comparison: compareReports(base, head),
});

describe('messages of the comparison page', () => {
  it('takes a real comparison, of two reports and of one', () => {
    const [base, head] = [example(), example()];
    head.provenance.config.trigger = null;
    head.provenance.config.fineTune.epochs = 5;
    for (const message of [
      comparisonOf(base, head),
      comparisonOf(null, head),
      comparisonOf(base, null),
      comparisonOf(base, repairedReport('known')),
      comparisonOf(repairedReport(), null),
    ])
      assert.deepEqual(parseToCompare(structuredClone(message)), message);
  });

  it('refuses values that are no settings', () => {
    const message = comparisonOf(example(), example());
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    for (const base of [Infinity, 'x'.repeat(70_000), nested(20), Array<number>(300_000).fill(1), undefined]) {
      message.comparison.settings = [{ path: 'seed', base, head: 1 }];
      assert.throws(() => parseToCompare(message), /settings\.0\.base/);
    }
    message.comparison.settings = [{ path: 'data.mean', base: [0.5, 0.5], head: null }];
    assert.deepEqual(parseToCompare(message), message);
  });

  it('refuses a side that is no report, and one that is no side', () => {
    const message = comparisonOf(example(), example());
    Object.assign(message.comparison.base!.gates[0]!, { limit: 'none' });
    assert.throws(() => parseToCompare(message), /comparison\.base\.gates\.0\.limit/);
    assert.throws(() => parseFromCompare({ type: 'open', side: 'both' }), /side/);
    assert.throws(() => parseFromCompare({ type: 'command', command: 'run' }), /command/);
    assert.deepEqual(parseFromCompare({ type: 'open', side: 'base' }), { type: 'open', side: 'base' });
  });

  it('keeps its state', () => {
    assert.deepEqual(parseComparePageState(state), state);
    assert.throws(() => parseComparePageState({ ...state, base: { uri: 7, label: 'a' } }), /base\.uri/);
  });
});
