import assert from 'node:assert/strict';
import type { MarkupContent } from 'vscode-languageserver-types';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { parseConfig, nodeAtPointer } from '../../../../server/language/text/config-text';
import { reportHover } from '../../../../server/language/report/hover';
import { beforeAfterLine, resultLine, stageTable } from '../../../../server/language/text/report-text';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import { exampleReport, textOf } from '../../../fixtures/example-report';
import { guidedPruningReport, repairedReport } from '../../../fixtures/repaired-report';

/** What a hover at a pointer of a report's text says. */
function hoverAt(report: DefenseReport, pointer: string): string {
  const text = parseConfig(TextDocument.create('file:///w/x.defense.json', 'json', 1, textOf(report)));
  const node = nodeAtPointer(text, pointer);
  assert.ok(node, pointer);
  const hover = reportHover(text, report, text.document.positionAt(node.offset));
  return (hover?.contents as MarkupContent | undefined)?.value ?? '';
}

describe('hovers in a report with scan, attempts and proof', () => {
  const report = repairedReport();
  const says = (pointer: string, ...expected: RegExp[]): void =>
    expected.forEach((one) => assert.match(hoverAt(report, pointer), one, pointer));

  it('explain a class of the scan, with its masks as pictures', () => {
    says(
      '/scan/evidence/0/classes/0/anomalyIndex',
      /Class 0.*suspicious/,
      /data:image\/png;base64,/,
      /Anomaly index/,
      /median absolute deviation/,
    );
    says('/scan/evidence/0/classes/0/norm', /Size of a mask/, /The median over the classes is 70 pixels\./);
    says('/scan/evidence/0/medianNorm', /Median size of the masks of all 10 classes/);
    says('/scan/evidence/0/limits/index', /anomaly index above 2 \*and\* a mask below 0\.4 of the median/);
    says('/proof/scan/evidence/0/classes/3/screened', /Class 3/, /Size of a mask/);
  });

  it('explain a repair that was tried, its figures and its rounds', () => {
    says(
      '/attempts/2/strategy',
      /Repair `guided`.*gates met on held-out images, kept/,
      /units that the trigger raises most/,
    );
    says('/attempts/0/met', /Repair `fine-pruning`.*gates missed on held-out images, not kept/);
    says(
      '/attempts/1/heldOut/freshTrigger/rate',
      /new trigger \*estimated\* on the repaired model, no larger than the one found before: 92\.5 %, 1,251 of 1,352/,
      /Clean training images that fine-tuning never sees/,
    );
    says(
      '/attempts/2/rounds/1/stamped',
      /Round 2.*kept/,
      /20 % of the images stamped\. Trained against \*estimated\* triggers of class 0 \(32 pixels\)/,
    );
    says('/attempts/2/rounds/0/heldOut/correct', /Clean accuracy on 5,000 held-out images: 99\.1 % → 99 %/);
    says('/attempts/2/keptRound', /Round 2 of 2 was kept/);
  });

  it('explain what the verdict rests on', () => {
    says('/proof/basis', /The verdict is based on: fresh scan/);
    says(
      '/proof/bounded/0/norm',
      /Class 0.*newly \*estimated\* trigger, a mask of at most 4\.0 pixels/,
      /sends 0\.44 % of 1,352 test images of other classes to the class \(before: 99\.1 %\); at most 0\.96 %/,
    );
  });

  it('say where a figure is on an estimated trigger', () => {
    says('/stages/after/attackSuccessRate/rate', /ASR \(estimated trigger\)/, /labelled \*estimated\*/);
    says('/trigger/source', /Estimated trigger/);
    says('/curve/points/5/successful', /ASR \(estimated trigger\)/);
    assert.doesNotMatch(hoverAt(exampleReport(), '/stages/after/attackSuccessRate/rate'), /estimated/);
    assert.doesNotMatch(hoverAt(exampleReport(), '/trigger/kind'), /estimated/i);
  });

  it('do not say that a rule chose what the config named', () => {
    const named = exampleReport();
    assert.match(hoverAt(named, '/pruning/rule'), /lowest mean activation on clean images were pruned first/);
    named.pruning.ratio = null;
    assert.match(
      hoverAt(named, '/pruning/rule'),
      /^The config names the units that were pruned; the rule only orders the curve\.$/m,
    );
    assert.doesNotMatch(hoverAt(named, '/pruning/rule'), /pruned first/);
  });

  it('explain the rule and what it chose', () => {
    const guided = guidedPruningReport();
    assert.match(hoverAt(guided, '/pruning/rule'), /trigger raises most were pruned first/);
    assert.match(
      hoverAt(guided, '/curve/smallestWithinGate/pruned'),
      /smallest number of pruned units that brings the ASR within its gate/,
    );
    assert.match(
      hoverAt(guided, '/curve/largestWithinLimit/pruned'),
      /largest number of pruned units within the limit/,
    );
  });
});

describe('one line of a result', () => {
  it('says estimated where the trigger is', () => {
    assert.equal(
      resultLine(repairedReport()),
      'Mitigated, estimated trigger only · clean accuracy 99 % · ASR (estimated trigger) 0.13 %',
    );
    assert.equal(resultLine(exampleReport()), 'Not mitigated · clean accuracy 99.1 % · ASR 91.6 %');
    assert.equal(
      beforeAfterLine(repairedReport()),
      'clean accuracy 98.9 % → 99 %, ASR (estimated trigger) 98.9 % → 0.13 %, robust accuracy (estimated trigger) 1.1 % → 99.9 %',
    );
    assert.match(stageTable(repairedReport()), /\| Attack success rate \(ASR\), \*estimated\* trigger \|/);
    assert.doesNotMatch(stageTable(exampleReport()), /estimated/);
  });
});
