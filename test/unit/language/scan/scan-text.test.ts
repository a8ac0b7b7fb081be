import assert from 'node:assert/strict';
import { brokenScan, scanModelDiagnostics, scanTextDiagnostics } from '../../../../server/language/scan/diagnostics';
import { scanHover } from '../../../../server/language/scan/hover';
import { scanTextLenses } from '../../../../server/language/scan/lenses';
import { quietScan, suspiciousScan } from '../../../fixtures/scan-result';
import { asModel, SIMPLE_CNN, URI } from '../support';
import { model, last, markdown } from './support';

describe('the text of a scan, in an editor', () => {
  const { text, report } = last();

  it('warns at its word while the scan holds, and says where it no longer does', () => {
    const places = (changed: string[]) =>
      scanTextDiagnostics(text, report, changed).map((d) => [
        d.code,
        d.severity,
        text.document.getText(d.range).replace(/:.*/s, ''),
      ]);
    assert.deepEqual(places([]), [['scan.suspicious', 2, '"word"']]);
    assert.deepEqual(places(['the model']), [['scan.stale', 2, '"weights"']]);
    assert.deepEqual(places(['the data']), [
      ['scan.stale', 2, '"files"'],
      ['scan.suspicious', 2, '"word"'],
    ]);
    assert.deepEqual(places(['the config (data.scale)']), [['scan.stale', 2, '"scale"']]);
    assert.match(
      String(scanTextDiagnostics(text, report, ['the model'])[0]!.message),
      /^Stale: the model changed since this scan\./,
    );
    const quiet = last(quietScan());
    assert.deepEqual(scanTextDiagnostics(quiet.text, quiet.report, []), []);
  });

  it('shows the picture of the class that is hovered, with what its figures mean', () => {
    const source = text.document.getText();
    const hover = (offset: number) => markdown(scanHover(text, report, text.document.positionAt(offset)));
    const third = source.indexOf('"target": 3') - 1;
    for (const offset of [source.lastIndexOf('"mask"', third) + 2, source.lastIndexOf('"mask"', third) + 40]) {
      assert.match(hover(offset), /^\*\*Class 3\*\* · estimated trigger\n\n!\[mask of class 3\]\(data:image\/png/);
    }
    assert.match(
      hover(source.indexOf('"anomalyIndex"') + 2),
      /\*\*Class 0\*\* · estimated trigger · \*\*suspicious\*\*.*\*\*Anomaly index\.\*\*/s,
    );
    assert.match(hover(source.indexOf('"word"') + 2), /Suspicious: class 0/);
    assert.match(hover(source.indexOf('"weights"') + 2), /different model/);
    assert.equal(hover(source.indexOf('"provenance"') + 2), '');
  });

  it('leads to a repair and to another scan', () => {
    assert.deepEqual(
      scanTextLenses(text, report, URI).map(({ command }) => [command!.title, command!.command, command!.arguments]),
      [
        ['Repair …', 'finePrune.repair', [URI]],
        ['Scan Again', 'finePrune.scan', [URI]],
      ],
    );
    const quiet = last(quietScan());
    assert.deepEqual(
      scanTextLenses(quiet.text, quiet.report, URI).map(({ command }) => command!.title),
      ['Scan Again'],
    );
  });

  it('says where it is broken', () => {
    const place = (where: string) =>
      brokenScan(text, { kind: 'input', code: 'scan.figure', message: 'No.', place: where }).range.start;
    const source = text.document.getText();
    assert.deepEqual(
      place('/scan/evidence/0/medianNorm, line 3:4'),
      text.document.positionAt(source.indexOf('"medianNorm"')),
    );
    assert.deepEqual(place('line 4:1'), { line: 3, character: 0 });
    assert.deepEqual(place(''), { line: 0, character: 0 });
  });

  it('shows no more of a sentence than a scan can have written', () => {
    const long = { ...suspiciousScan(), sentence: 'x'.repeat(100_000) };
    assert.ok(
      String(scanModelDiagnostics(asModel(model), SIMPLE_CNN.classifier, last(long))[0]!.message).length < 1000,
    );
  });
});
