import assert from 'node:assert/strict';
import { missedWithin as ofText, WITHIN_WORDS } from '../../../../server/engine/report/gate-words';
import { reviewedIssues } from '../../../../server/engine/report/review/review';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import { flaggedText, scanSigns } from '../../../../webview/compare/words';
import { parseToReport } from '../../../../server/protocol/messages/report-view';
import { layerUnits, shownInversions, triggerPixels } from '../../../../webview/report/derive';
import { answers, attemptSign, missedWithin, scanSentence, scanSign } from '../../../../webview/report/words';
import { guidedPruningReport, judged, repairedReport } from '../../../fixtures/repaired-report';
import { masksOf, scanOf } from '../../../fixtures/scan-result';
import { pixels } from '../../../../server/protocol/words';
import { whichEstimated, whichEstimated as whichInText } from '../../../../server/protocol/report/words';

const viewOf = (report: DefenseReport) => ({
  type: 'view' as const,
  name: 'mnist-badnets',
  view: { report, issues: reviewedIssues(report, null, '2026-02-01'), changed: null },
  local: true,
  trusted: true,
});

describe('messages of the report page with scan, attempts and proof', () => {
  it('takes reports with scan, attempts and proof, as they are', () => {
    for (const report of [repairedReport(), repairedReport('known'), guidedPruningReport()]) {
      const message = viewOf(report);
      assert.deepEqual(parseToReport(structuredClone(message)), message);
    }
  });

  const spoiltRepairs: [string, RegExp, (report: DefenseReport) => void][] = [
    [
      'a class that is left out',
      /scan\.evidence\.0\.classes: has 9 entries; 10 were expected, one per class/,
      (r) => masksOf(r.scan).classes.pop(),
    ],
    [
      'classes in another order',
      /scan\.evidence\.0\.classes\.0\.target: .*in the order of the classes/,
      (r) => masksOf(r.scan).classes.reverse(),
    ],
    [
      'a suspected class that is none',
      /scan\.suspects\.0\.target: is 10; a whole number from 0 to 9/,
      (r) => (r.scan!.suspects[0]!.target = 10),
    ],
    [
      'a class suspected twice',
      /scan\.suspects\.1: is there twice/,
      (r) => r.scan!.suspects.push(r.scan!.suspects[0]!),
    ],
    ['a norm below zero', /classes\.2\.norm/, (r) => (masksOf(r.scan).classes[2]!.norm = -1)],
    ['an index that is no number', /anomalyIndex/, (r) => (masksOf(r.scan).classes[2]!.anomalyIndex = Infinity)],
    [
      'a mask that is no base64',
      /estimate\.mask: is not base64/,
      (r) => (masksOf(r.scan).classes[0]!.estimate!.mask = '<img src=x>!'),
    ],
    [
      'a mask of another size',
      /\.scan\.evidence\.0\.classes\.0\.estimate\.mask: is not the base64 text of 784 bytes/,
      (r) => (masksOf(r.scan).classes[0]!.estimate!.mask = Buffer.alloc(785).toString('base64')),
    ],
    [
      'a pattern of another size, in the proof',
      /proof\.scan\.evidence\.0\.classes\.4\.estimate\.pattern: is not the base64 text of 784 bytes/,
      (r) => (masksOf(r.proof!.scan).classes[4]!.estimate!.pattern = ''),
    ],
    [
      'a kept round that is none',
      /attempts\.2\.keptRound: is 3; a whole number from 1 to 2/,
      (r) => (r.attempts![2]!.keptRound = 3),
    ],
    ['a held-out rate above 1', /heldOut\.freshTrigger\.rate/, (r) => (r.attempts![0]!.heldOut.freshTrigger!.rate = 2)],
    ['an unknown strategy', /strategy/, (r) => Object.assign(r.attempts![0]!, { strategy: 'magic' })],
    ['an unknown basis', /proof\.basis/, (r) => Object.assign(r.proof!, { basis: 'hope' })],
    ['a word that no scan says', /scan\.word/, (r) => Object.assign(r.scan!, { word: 'clean' })],
  ];
  for (const [what, message, spoil] of spoiltRepairs) {
    it(`refuses ${what}`, () => {
      const view = structuredClone(viewOf(repairedReport()));
      spoil(view.view.report);
      assert.throws(() => parseToReport(view), message);
    });
  }
});

describe('words on scans and repairs', () => {
  it('says estimated where the trigger is, and what a scan and a fresh inversion found', () => {
    const [gone, , evidence] = answers(repairedReport());
    assert.deepEqual(
      [gone!.icon, gone!.answer, gone!.detail],
      [
        'warning',
        'Estimated ASR 98.9 % → 0.13 %',
        'At most 0.23 % with 95 % confidence; limit 5 %. Fresh scan: nothing found.',
      ],
    );
    assert.match(evidence!.detail, /^Trigger estimated by inversion, target class 0;/);
    assert.equal(evidence!.icon, 'warning');
    const [known] = answers(repairedReport('known'));
    assert.deepEqual([known!.icon, known!.answer], ['pass', 'ASR 99.8 % → 0.1 %']);
    const suspicious = judged(
      repairedReport('known', (r) => void (r.proof!.scan = scanOf([70, 84, 61, 5.2, 79, 63, 77, 75, 103, 88]))),
    );
    assert.deepEqual(
      [answers(suspicious)[0]!.icon, answers(suspicious)[0]!.detail.replace(/.*5 %\. /, '')],
      ['error', 'Fresh scan: suspicious: class 3.'],
    );
  });

  it('says why a gate is missed although its figure is within the limit', () => {
    const [estimated, known] = [repairedReport(), repairedReport('known')];
    assert.equal(missedWithin(estimated.gates[0]!, estimated), 'the trigger is only estimated');
    assert.equal(missedWithin(estimated.gates[1]!, estimated), null);
    assert.equal(missedWithin(known.gates[0]!, known), null);
    const suspicious = judged(
      repairedReport('known', (r) => void (r.proof!.scan = scanOf([70, 84, 61, 5.2, 79, 63, 77, 75, 103, 88]))),
    );
    assert.equal(missedWithin(suspicious.gates[0]!, suspicious), 'a fresh scan contradicts it');
    // The text and the terminal say the same.
    for (const report of [estimated, known, suspicious]) {
      const within = ofText(report.gates[0]!, report);
      assert.equal(within && WITHIN_WORDS[within], missedWithin(report.gates[0]!, report));
    }
  });

  it('says which side of a comparison is on an estimated trigger', () => {
    const [estimated, known] = [repairedReport(), repairedReport('known')];
    const none = repairedReport('known', (r) => void (r.trigger = null));
    const pairs = [
      [estimated, estimated],
      [known, estimated],
      [estimated, known],
      [known, known],
      [null, estimated],
      [none, estimated],
    ] as const;
    assert.deepEqual(
      pairs.map(([base, head]) => whichEstimated({ base, head })),
      ['all', 'head', 'base', null, 'all', 'all'],
    );
    assert.deepEqual(
      pairs.map(([base, head]) => whichInText({ base, head })),
      ['all', 'head', 'base', null, 'all', 'all'],
    );
  });

  it('never puts a scan that found nothing in the colour of success', () => {
    const { scan, proof } = repairedReport();
    assert.deepEqual(scanSign(scan!), { icon: 'warning', text: 'Suspicious: class 0' });
    assert.deepEqual(scanSign(proof!.scan), { icon: 'search', text: 'Nothing found' });
    assert.equal(scanSentence(scan!), `${scan!.sentence.slice('Suspicious: '.length).replace(/^a/, 'A')}`);
    assert.equal(scanSentence({ word: 'suspicious', sentence: 'Other words.' }), 'Other words.');
    assert.deepEqual([3.96, 9.99, 70.4, 1234].map(pixels), ['4.0 pixels', '10.0 pixels', '70 pixels', '1,234 pixels']);
  });

  it('names the outcome of a repair that was tried', () => {
    assert.deepEqual(
      repairedReport().attempts!.map((attempt) => attemptSign(attempt).text),
      ['Gates missed', 'Gates missed', 'Gates met, kept'],
    );
    assert.deepEqual(attemptSign({ met: false, chosen: true }), { icon: 'warning', text: 'Gates missed, kept' });
  });

  it('says which classes a scan flags on either side', () => {
    assert.deepEqual(
      [flaggedText([], true), flaggedText([0, 3], true), flaggedText(null, true), flaggedText(null, false)],
      ['Nothing found', 'Suspicious: classes 0 and 3', 'not scanned', 'no report'],
    );
    assert.deepEqual(
      scanSigns({ added: [3], removed: [0, 1] }).map(({ text }) => text),
      ['Added: class 3', 'Gone: classes 0 and 1'],
    );
  });
});

describe('what the page draws of scans and repairs', () => {
  it('puts units that the trigger raises most first, where the rule says so', () => {
    const report = guidedPruningReport();
    const { order, clean, triggered } = layerUnits(report);
    assert.deepEqual([...order.slice(0, 25)], report.pruning.units);
    const rises = [...order.slice(25)].map((unit) => triggered![unit]! - clean[unit]!);
    assert.ok(
      rises.every((rise, i) => i === 0 || rise <= rises[i - 1]! + 1e-6),
      'descending',
    );
  });

  it('shows suspicious classes of a scan and those with the smallest masks, by number', () => {
    const scan = scanOf([70, 84, 61, 72, 79, 63, 77, 5, 103, 88]);
    assert.deepEqual(
      shownInversions(scan, 3).map(({ target }) => target),
      [2, 5, 7],
    );
    assert.equal(shownInversions(scan, 40).length, 10);
  });

  it('lays an estimated trigger over grey', () => {
    assert.deepEqual([...triggerPixels(Uint8Array.of(0, 255, 51), Uint8Array.of(9, 200, 255), 1)], [128, 200, 153]);
    assert.deepEqual(
      [...triggerPixels(Uint8Array.of(255, 0), Uint8Array.of(1, 2, 3, 4, 5, 6), 3)],
      [1, 2, 3, 128, 128, 128],
    );
  });
});
