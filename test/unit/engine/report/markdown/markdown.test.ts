import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { markdownReport } from '../../../../../server/engine/report/markdown/markdown';
import { readReport } from '../../../../../server/engine/report/json/read-report';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import { EXAMPLE_FOLDER, exampleReport, exampleText } from '../../../../fixtures/example-report';
import { issuesOf } from './support';

describe('a report in Markdown', () => {
  const markdown = markdownReport(exampleReport());

  it('is what lies beside the committed report, byte for byte', () => {
    const committed = readFileSync(path.join(EXAMPLE_FOLDER, 'mnist-badnets.defense.md'), 'utf8');
    const report = readReport(exampleText(), 'x');
    assert.equal(markdownReport(report, undefined, 'mnist-badnets'), committed);
    assert.equal(markdownReport(report), committed, 'the report knows its name');
  });

  it('begins with verdict and gates, then what weakens them, the figures, and the rest', () => {
    const marks = [
      '## Defense report: mnist-badnets',
      '**❌ Not mitigated.** The backdoor is still there',
      '| Attack success rate (ASR, class 0) | ≤ 5 % |',
      'What weakens this result: `pruned-all-dead`',
      '### Figures',
      '### Pruning curve',
      '### Pruned units',
      '### Findings',
      '### Reproduce',
      '<details>',
    ];
    const places = marks.map((mark) => markdown.indexOf(mark));
    assert.ok(
      places.every((place) => place >= 0),
      JSON.stringify(places),
    );
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
    assert.ok(markdown.endsWith('</details>\n'));
  });

  it('has the figures of all stages with interval and count', () => {
    assert.match(
      markdown,
      /^\| Clean accuracy \| 98\.89 \(98\.67–99\.08\), 9,889 of 10,000 \| 98\.89 .* \| 99\.10 \(98\.90–99\.27\), 9,910 of 10,000 \|$/m,
    );
    assert.match(
      markdown,
      /^\| Attack success rate \(ASR, class 0\) \| 99\.80 .* \| 91\.55 \(90\.96–92\.11\), 8,258 of 9,020 \|$/m,
    );
  });

  it('names one command that reproduces it, and nothing of this machine', () => {
    assert.match(
      markdown,
      /```sh\nfine-prune run mnist-badnets\.fineprune\.json --backend native --threads 1 --seed 0\n```/,
    );
    assert.ok(!markdown.includes(process.cwd()) && !/\b20\d\d-\d\d-\d\d\b/.test(markdown));
  });

  it('draws the curve as a chart of at most 33 points, with the axes named and the lines told apart in words', () => {
    const [, chart = ''] = /```mermaid\n([^`]*)\n```/.exec(markdown) ?? [];
    const [init, kind, x, y, clean, attack, ...rest] = chart.split('\n');
    assert.match(init!, /^%%\{init: \{.*"plotColorPalette": "#\w{6}, #\w{6}".*\}\}%%$/);
    assert.deepEqual(
      [kind, x, y, rest],
      ['xychart-beta', '  x-axis "number of pruned neurons" 0 --> 128', '  y-axis "% of the images" 0 --> 100', []],
    );
    for (const line of [clean!, attack!]) {
      assert.match(line, /^ {2}line \[\d+(\.\d+)?(, \d+(\.\d+)?)*\]$/);
      const values = line.slice(8, -1).split(', ').map(Number);
      assert.equal(values.length, 33);
      assert.ok(values.every((v) => v >= 0 && v <= 100));
    }
    const points = exampleReport().curve.points;
    assert.deepEqual(
      clean!.slice(8, -1).split(', ').map(Number),
      Array.from({ length: 33 }, (_, i) => points[4 * i]!.correct / 100),
      'every fourth of 128 exactly',
    );
    assert.match(markdown, /\*\*Blue, clean accuracy:\*\* from 98\.89 % .*\*\*Orange, ASR:\*\* from 99\.80 %/);
  });

  it('draws any number of units in at most 33 points, the first and the last among them', () => {
    for (const units of [1, 2, 7, 31, 37, 64, 100, 127, 1000]) {
      const report = exampleReport((r) => {
        r.layer.units = units;
        r.curve.points = Array.from({ length: units + 1 }, (_, pruned) => ({
          pruned,
          correct: 10_000 - pruned,
          successful: 9020 - pruned,
        }));
      });
      const [, line = ''] = /line \[([^\]]*)\]/.exec(markdownReport(report)) ?? [];
      const values = line.split(', ').map(Number);
      assert.ok(
        values.length >= 2 && values.length <= 33 && values.length >= Math.min(units + 1, 9),
        `${units}: ${values.length}`,
      );
      assert.deepEqual([values[0], values.at(-1)], [100, (10_000 - units) / 100], `${units}`);
    }
  });

  it('is the same whichever order the keys of the report have', () => {
    const reversed = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(reversed)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .reverse()
                .map(([k, v]) => [k, reversed(v)]),
            )
          : value;
    assert.equal(markdownReport(reversed(exampleReport()) as DefenseReport), markdown);
  });

  it('says what was decided, by whom and until when', () => {
    const text = markdownReport(exampleReport(), issuesOf(exampleReport()));
    assert.match(text, /❌ \*\*missed\*\*, accepted/);
    assert.match(text, /`pruned-all-dead` \(accepted\)/);
    assert.match(
      text,
      /- \*\*Warning\*\* `pruned-all-dead`: .*\n {2}- ☑️ \*\*Accepted\*\* until 2026-12-31, by `Ann <ann@example\.org>` on 2026-03-01: Accepted for the demo\./,
    );
    const over = markdownReport(
      exampleReport(),
      issuesOf(exampleReport()).map((issue) => (issue.decision ? { ...issue, status: 'expired' as const } : issue)),
    );
    assert.match(over, /now \*\*expired\*\*/);
    assert.ok(!over.includes('missed**, accepted'));
  });

  it('tells of a model that was not repaired, and of no trigger', () => {
    const text = markdownReport(
      exampleReport((r) => {
        r.repaired = false;
        r.model.after = null;
        r.trigger = null;
        for (const stage of Object.values(r.stages))
          Object.assign(stage, { attackSuccessRate: null, robustAccuracy: null });
        for (const counts of Object.values(r.confusion)) counts.triggered = null;
        Object.assign(r.gates[0]!, { measured: null, judged: null });
        r.comparison.attackSuccess = null;
        r.curve.triggeredImages = null;
        for (const point of r.curve.points) point.successful = null;
      }),
    );
    assert.match(text, /^\| Attack success rate \(ASR\) \| not measured \| – \| – \|$/m);
    assert.match(text, /^None: the model was measured, not changed\.$/m);
    assert.equal(text.match(/^ {2}line \[/gm)?.length, 1);
    assert.match(text, /^## Defense report: model$/m);
  });

  it('says that units were named, where they were', () => {
    const text = markdownReport(exampleReport((r) => void (r.pruning.ratio = null)));
    assert.match(text, /\(named in the config\)/);
    assert.match(text, /they are not marked on it/);
  });
});
