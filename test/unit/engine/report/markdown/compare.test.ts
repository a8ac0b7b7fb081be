import assert from 'node:assert/strict';
import { compareReports } from '../../../../../server/engine/report/compare/compare';
import { comparisonMarkdown } from '../../../../../server/engine/report/markdown/compare';
import { exampleReport } from '../../../../fixtures/example-report';
import { against, withSuccess } from '../compare-support';

describe('a comparison in Markdown', () => {
  it('has sentence, figures, gates, findings, units and settings', () => {
    const text = comparisonMarkdown(
      against(
        withSuccess(90, (r) => {
          r.provenance.config.fineTune.epochs = 3;
          r.pruning.units = [...r.pruning.units.slice(0, 24), 1];
        }),
      ),
      { base: 'main', head: 'HEAD' },
    );
    assert.match(text, /^### Against `main`\n\n\*\*Better\.\*\* Beyond noise/);
    assert.match(
      text,
      /^\| ASR, defended model \| 91\.55 \(90\.96–92\.11\), of 9,020 \| 1\.00 \(0\.81–1\.22\), of 9,020 \| −90\.55 points \| < 0\.0001 \| ✅ better \|$/m,
    );
    assert.match(text, /^\| Attack success rate \(ASR\) \| ≤ 5 %, \*\*missed\*\* \| ≤ 5 %, met \|/m);
    assert.match(text, /Units of `dense_1`: 24 pruned in both; only now: 1; no longer: 94\./);
    assert.match(text, /^\| `fineTune\.epochs` \| `2` \| `3` \|$/m);
    assert.ok(text.endsWith('\n'));
  });

  it("warns of a loosened gate and of what can't be compared", () => {
    const text = comparisonMarkdown(
      against((r) => {
        r.gates[0]!.limit = 0.5;
        r.trigger!.target = 3;
      }),
      { base: 'main', head: 'HEAD' },
    );
    assert.match(text, /⚠️ loosened/);
    assert.match(text, /- ⚠️ The trigger's target is class 0/);
  });

  it('has no column of figures for a side that is not there', () => {
    assert.match(
      comparisonMarkdown(compareReports(null, exampleReport()), { base: 'none', head: 'x' }),
      /^### New report\n\n\*\*New\.\*\* [^]*\| Figure, % \| – \| `x` \|/,
    );
    assert.match(
      comparisonMarkdown(compareReports(exampleReport(), null), { base: 'x', head: 'none' }),
      /^### Deleted report\n\n\*\*Deleted\.\*\*/,
    );
  });
});
