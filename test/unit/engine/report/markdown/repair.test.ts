import assert from 'node:assert/strict';
import { markdownReport } from '../../../../../server/engine/report/markdown/markdown';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import { exampleReport } from '../../../../fixtures/example-report';
import { guidedPruningReport, repairedReport } from '../../../../fixtures/repaired-report';
import { masksOf, scanOf } from '../../../../fixtures/scan-result';

describe('scan, repairs and proof in Markdown', () => {
  const markdown = markdownReport(repairedReport());

  it('come after the figures, each in its section, with what is long folded', () => {
    const marks = [
      '### Figures',
      '### Is there a trigger?',
      '### Repairs tried',
      '<summary>Rounds of the repairs</summary>',
      '### Proof',
      '<summary>Scan of the repaired model, class by class</summary>',
      '### Pruning curve',
      '### Findings',
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
    assert.match(markdownReport(repairedReport('known')), /^### Is there another trigger\?$/m);
  });

  it('are not there for the reference recipe', () => {
    assert.doesNotMatch(markdownReport(exampleReport()), /trigger\?$|Repairs tried|### Proof|estimated|Strategy/m);
  });

  it('have a row for every class, suspicious ones in words', () => {
    assert.match(
      markdown,
      /^\| class \| screened mask \| share of the median \| anomaly index \| \*estimated\* trigger \| its success, % \| result \|$/m,
    );
    assert.match(
      markdown,
      /^\| 0 \| 6\.4 pixels \| 0\.09 \| 9\.81 \| 4\.0 pixels \| 99\.11 \(98\.45–99\.49\), 1,340 of 1,352 \| ⚠️ \*\*suspicious\*\* \|$/m,
    );
    assert.match(markdown, /^\| 8 \| 113 pixels \| 1\.60 \| −1\.92 \| 10\d pixels \| .* \| – \|$/m);
    assert.match(markdown, /anomaly index is above 2, its mask is below 0\.4 of the median/);
    assert.match(markdown, /Finding nothing does not show that a model is clean\./);
  });

  it('draw the mask of every suspicious class in a code block of at most 32 columns', () => {
    const [, drawing = ''] =
      /\*Estimated\* trigger of class 0: its mask of 4\.0 pixels on 28×28\. .*\n\n```text\n([^`]*)\n```/.exec(
        markdown,
      ) ?? [];
    const lines = drawing.split('\n');
    assert.equal(lines.length, 16);
    assert.ok(lines.every((line) => [...line].length === 30));
    assert.match(lines[13]!, /│ {24}[░▒▓]█[░▒▓] │/);
    assert.equal(markdown.match(/```text/g)?.length, 1);
    assert.equal(
      markdownReport(
        repairedReport(
          'inverted',
          (r) => void (r.scan = scanOf([4, 5, 4.5, 6, 5.5, 90, 95, 100, 80, 85, 91, 92, 93, 94].slice(0, 10))),
        ),
      ).match(/```text/g)?.length ?? 0,
      1,
      'the estimated trigger is drawn though no class stands out',
    );
  });

  it('tell every repair that was tried, what it came to on held-out images, and which was kept', () => {
    assert.match(
      markdown,
      /^\| 1 \| `fine-pruning` \| 25 of `dense_1` \| 1 \| 99\.10 → 99\.28 \| 95\.43 \(94\.78–96\.00\) \| 95\.19 \(93\.92–96\.21\) \| gates missed \|$/m,
    );
    assert.match(
      markdown,
      /^\| 3 \| `guided` \| 25 of `dense_1` \| 2 \| 99\.10 → 99\.14 \| 0\.24 \(0\.14–0\.44\) \| 0\.44 \(0\.20–0\.96\) \| ✅ kept, gates met \|$/m,
    );
    assert.match(markdown, /^\| `guided` \| 2, kept \| class 0: 32 pixels \| 1 \| 20\.00 \| 0\.0201 \|/m);
    assert.match(markdown, /none is in the test set/);
    assert.doesNotMatch(markdown, /known trigger, %/, 'no column for a trigger that nobody knows');
    assert.match(markdownReport(repairedReport('known')), /\| known trigger, % \|/);
  });

  it('say what the verdict rests on, and how far a fresh trigger of that size gets', () => {
    assert.match(
      markdown,
      /^\*\*Based on: fresh scan\.\*\* A fresh scan of the repaired model finds no suspicious class\./m,
    );
    assert.match(markdown, /^\| 0 \| 4\.0 pixels \| 99\.11 .* \| 0\.44 \(0\.20–0\.96\), 6 of 1,352 \|$/m);
    assert.match(markdown, /\*\*Scan of the repaired model\.\*\* Nothing found/);
  });

  it('label every figure on an estimated trigger, and none on a known one', () => {
    for (const label of [
      /^\| Attack success rate \(ASR, class 0\), \*estimated\* trigger \| ≤ 5 %/m,
      /^\| Attack success rate \(ASR, class 0\), \*estimated\* trigger \| 98\.90/m,
      /^\| Robust accuracy, \*estimated\* trigger \|/m,
      /ASR \(estimated trigger\): 8,909 successful only before/,
      /\*\*Orange, ASR \(estimated trigger\):\*\*/,
      /\*\*Triggered inputs \(\*estimated\* trigger\) before\*\*/,
      /largest rise under the \*estimated\* trigger first/,
      /may do more\./,
      /Trigger: inverted, estimated, target class 0/,
    ])
      assert.match(markdown, label);
    const known = markdownReport(repairedReport('known'));
    assert.match(known, /^\| Attack success rate \(ASR, class 0\) \| 99\.80/m);
    assert.doesNotMatch(known, /ASR, class 0\), \*estimated\*|ASR \(estimated|Robust accuracy, \*estimated\*/);
  });

  it('say that a strategy pruned nothing', () => {
    assert.match(
      markdownReport(repairedReport('known', (r) => void Object.assign(r.pruning, { count: 0, units: [], dead: 0 }))),
      /^None: the strategy `guided` pruned nothing\.$/m,
    );
  });

  it('name the smallest number of units within the gate', () => {
    const text = markdownReport(guidedPruningReport());
    assert.match(
      text,
      /The fewest that bring the ASR within its gate are 25: 196 of 4,507 triggered held-out images then reach the target, and 4,914 of 5,000 clean ones are correct\./,
    );
    assert.match(
      text,
      /\(as few as bring the ASR within its gate on held-out images, largest rise under the trigger first\)/,
    );
  });

  it('stay bounded for a thousand classes and masks of any size', () => {
    const report = repairedReport('inverted', (r) => {
      const one = masksOf(r.scan).classes[0]!;
      const all = Array.from({ length: 1000 }, (_, target) => target);
      r.scan = {
        ...r.scan!,
        suspects: all.map((target) => ({ target, score: 2, methods: ['neural-cleanse'] })),
        evidence: [{ ...masksOf(r.scan), classes: all.map((target) => ({ ...one, target })) }],
      };
    });
    const text = markdownReport(report);
    assert.match(text, /The 40 of 1,000 classes with the smallest masks\./);
    assert.match(text, /The masks of 996 more classes are in the JSON report\./);
    assert.equal(text.match(/```text/g)?.length, 4);
    assert.ok(text.length < 60_000);
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
    assert.equal(markdownReport(reversed(repairedReport()) as DefenseReport), markdown);
  });
});
