import assert from 'node:assert/strict';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { readReport } from '../../../../server/engine/report/json/read-report';
import { readScan } from '../../../../server/engine/report/json/read-scan';
import { lastTitle, lastTooltip } from '../../../../server/language/config/lenses';
import { reportDiagnostics } from '../../../../server/language/report/diagnostics';
import { configResultDiagnostics, modelDiagnostics } from '../../../../server/language/report/result-diagnostics';
import type { LastRun } from '../../../../server/language/report/run-state';
import { scanTextDiagnostics } from '../../../../server/language/scan/diagnostics';
import { parseConfig, type ConfigText } from '../../../../server/language/text/config-text';
import { formerNotice, staleText } from '../../../../webview/report/words';
import { asModel } from '../support';
import { formerText } from '../../../fixtures/former';

const textAt = (uri: string, text: string): ConfigText => parseConfig(TextDocument.create(uri, 'json', 1, text));
const REPORT = 'file:///w/known.defense.json';
const report = readReport(formerText('known.defense.json'), 'known');
const last = (changed: string[] = []): LastRun => ({ report, reportUri: REPORT, changed });
const config = textAt('file:///w/known.fineprune.json', formerText('known.fineprune.json'));
const model = TextDocument.create('file:///w/model.json', 'json', 1, '{}');

const RENEW = /Renew it with `fine-prune run known\.fineprune\.json`\.$/;

describe('a report that version 0.1 wrote, in the editor', () => {
  it('shows its verdict and figures while it fits the files', () => {
    assert.equal(lastTitle(last()), 'Not mitigated · clean accuracy 98.9 % · ASR 99.8 % (base rate 0.22 %)');
    assert.equal(lastTooltip(last()), report.verdict.sentence);
    assert.equal(configResultDiagnostics(config, last(), undefined)[0]!.code, 'result.verdict');
  });

  it('says in its text which version it is of, and the command that renews it', () => {
    const [note, ...rest] = reportDiagnostics(textAt(REPORT, formerText('known.defense.json')), [], [], report);
    assert.deepEqual([note!.code, note!.severity, rest], ['report.former', 3, []]);
    assert.match(String(note!.message), /^Written by Fine-Prune 0\.1\.0, /);
    assert.match(String(note!.message), RENEW);
    assert.equal(formerNotice([], report, 'known'), note!.message, 'so does its page');
    assert.equal(formerNotice(['the model'], report, 'known'), null, 'which says that it is not comparable');
    assert.equal(formerNotice([], { provenance: { ...report.provenance, tool: 'fine-prune 0.2.0' } }, 'known'), null);
  });

  it('is never stale: what has changed, or is hashed in another way now, asks for the same command', () => {
    const changed = ['the model', 'the config'];
    const told = [
      ...reportDiagnostics(textAt(REPORT, formerText('known.defense.json')), [], changed, report),
      ...configResultDiagnostics(config, last(changed), undefined),
      ...modelDiagnostics(asModel(model), last(changed)),
    ];
    assert.deepEqual(
      told.map(({ code, severity }) => [code, severity]),
      [
        ['report.former', 2],
        ['result.former', 3],
        ['result.former', 3],
      ],
    );
    for (const message of [
      ...told.map((one) => String(one.message)),
      lastTooltip(last(changed)),
      staleText(changed, report, 'known')!,
    ]) {
      assert.match(message, /^Written by Fine-Prune 0\.1\.0 and not comparable with the files as they are now\. /);
      assert.match(message, RENEW);
    }
    assert.match(lastTitle(last(changed)), / \(version 0\.1\.0: run again\)$/);
  });
});

describe('a scan that version 0.1 made, in the editor', () => {
  const scan = readScan(formerText('model.scan.json'), 'model');
  const text = textAt('file:///w/model.scan.json', formerText('model.scan.json'));

  it('says what it found, which version it is of, and the command that renews it', () => {
    const codes = (changed: string[]) => scanTextDiagnostics(text, scan, changed).map(({ code }) => code);
    assert.deepEqual(codes([]), ['scan.former', 'scan.suspicious']);
    assert.deepEqual(codes(['the model']), ['scan.former']);
    for (const changed of [[], ['the model']])
      assert.match(
        String(scanTextDiagnostics(text, scan, changed)[0]!.message),
        /Renew it with `fine-prune scan model\.json`\.$/,
      );
  });
});
