import assert from 'node:assert/strict';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { isOfConfig, runSettings } from '../../../../server/engine/report/check/staleness';
import { configActions } from '../../../../server/language/config/actions';
import { withRepair, withSettingsOf } from '../../../../server/language/config/edits';
import { configHover } from '../../../../server/language/config/hover';
import { configLenses, lastTooltip } from '../../../../server/language/config/lenses';
import { parseConfig, type ConfigText } from '../../../../server/language/text/config-text';
import { NO_FACTS } from '../../../../server/language/text/facts';
import { reportDiagnostics } from '../../../../server/language/report/diagnostics';
import { reportHover } from '../../../../server/language/report/hover';
import { configResultDiagnostics } from '../../../../server/language/report/result-diagnostics';
import type { LastRun } from '../../../../server/language/report/run-state';
import type { DefenseReport, OverriddenSetting } from '../../../../server/protocol/report/report';
import { exampleReport, textOf } from '../../../fixtures/example-report';
import { TEXT, resolved, reportOf, lastOf } from '../../../fixtures/run-settings';

const URI = 'file:///w/demo.fineprune.json';

const textOfConfig = (text = TEXT): ConfigText => parseConfig(TextDocument.create(URI, 'fineprune', 1, text));

describe('a report with settings that its config has not, in the editor', () => {
  const last = lastOf(reportOf({ strategy: 'auto', seed: 5 }));

  it('says so in the lens, before the figures', () => {
    const [lens] = configLenses(textOfConfig(), NO_FACTS, { last }).slice(-1);
    assert.equal(
      lens!.command!.title,
      'Not mitigated with --strategy auto and --seed 5 · clean accuracy 99.1 % · ASR 91.6 %',
    );
    assert.match(
      lastTooltip(last),
      /The backdoor is still there.* This report was made with settings from the command line: strategy auto/,
    );
    assert.equal(
      lastTooltip({ ...last, changed: ['the model'] }),
      'Stale: the model changed since this run. Run Fine-Prune again to update the figures.',
    );
  });

  it('says so in the Problems panel, where the config has another value or else at its top', () => {
    const at = (text: string, of: LastRun): [unknown, unknown, string][] =>
      configResultDiagnostics(textOfConfig(text), of, undefined).map(({ code, severity, range }) => [
        code,
        severity,
        textOfConfig(text).document.getText(range),
      ]);
    assert.deepEqual(at(TEXT, last), [
      ['result.verdict', 1, '"patch"'],
      ['result.settings', 2, '{'],
    ]);
    const seeded = TEXT.replace('// "seed": 0', '"seed": 3');
    assert.deepEqual(at(seeded, lastOf(reportOf({ seed: 5 }, seeded), resolved(seeded)))[1], [
      'result.settings',
      2,
      '3',
    ]);
    assert.deepEqual(
      at(TEXT, lastOf(reportOf({ curve: 'full' })))[1],
      ['result.settings', 3, '{'],
      'a full curve changes no verdict',
    );
    assert.deepEqual(
      at(TEXT, lastOf(exampleReport())).map(([code]) => code),
      ['result.verdict'],
    );
    const [verdict] = configResultDiagnostics(textOfConfig(), last, undefined);
    assert.ok(String(verdict!.message).startsWith('Not mitigated with --strategy auto and --seed 5: clean accuracy'));
  });

  it('has a quick fix that writes them into the config, which then is the one that was run', () => {
    const runs: [OverriddenSetting[], DefenseReport, string, string?][] = [
      [['strategy'], reportOf({ strategy: 'auto' }), 'Write strategy auto into the config'],
      [
        ['strategy', 'data.fineTuneImages', 'seed', 'curve'],
        reportOf({ strategy: 'guided', seed: 5, curve: 'full', fineTuneImages: 120 }),
        'Write these 4 settings into the config',
      ],
      [['data.fineTuneImages'], reportOf({ fineTuneImages: 120 }), 'Write data.fineTuneImages 120 into the config'],
    ];
    const epochs = TEXT.replace(
      '"prune": { "ratio": 0.2 },',
      '"prune": { "ratio": 0.3 },\n  "fineTune": { "epochs": 3 },',
    );
    runs.push([
      ['strategy'],
      reportOf({ strategy: 'guided' }, epochs),
      'Write strategy guided into the config',
      epochs,
    ]);
    const auto = TEXT.replace(/"prune": .*/, '"strategy": "auto",');
    runs.push([
      ['strategy'],
      reportOf({ strategy: undefined }, auto),
      'Write strategy fine-pruning into the config',
      auto,
    ]);
    for (const [paths, report, title, text = TEXT] of runs) {
      const config = textOfConfig(text);
      const found = configResultDiagnostics(config, lastOf(report, resolved(text)), undefined).filter(
        ({ code }) => code === 'result.settings',
      );
      const [action] = configActions(URI, found);
      assert.equal(action?.title, title);
      const [edit] = action!.edit!.changes![URI]!;
      const edited = TextDocument.applyEdits(config.document, [edit!]);
      assert.equal(edited, withSettingsOf(text, paths, report.provenance.config));
      assert.deepEqual(
        [isOfConfig(report, resolved(edited)), runSettings(report, resolved(edited))],
        [true, []],
        edited,
      );
      assert.ok(edited.includes('// What the attacker stamps on an input'), 'comments stay');
    }
    const forged = reportOf();
    forged.provenance.config.layer = 'conv2d_2';
    const [told] = configResultDiagnostics(textOfConfig(), lastOf(forged), undefined).filter(
      ({ code }) => code === 'result.settings',
    );
    assert.deepEqual(configActions(URI, [told!]), [], 'nothing of what no run could have had');
  });

  it('leaves no epochs beside a repair that chooses them, which would be refused', () => {
    const epochs = TEXT.replace('"prune": { "ratio": 0.2 },', '"fineTune": { "epochs": 3, "batchSize": 32 },');
    assert.deepEqual(resolved(withRepair(epochs, { strategy: 'guided' }).text).fineTune, {
      epochs: 2,
      learningRate: 0.0005,
      batchSize: 32,
    });
    assert.equal(resolved(withRepair(epochs, { strategy: 'auto' }).text).fineTune.epochs, 3);
  });

  it('says so in hovers of config and report, and at its own lines', () => {
    const { report, settings } = last;
    const hover = (line: string): string => {
      const config = textOfConfig();
      const at = config.document.positionAt(config.document.getText().indexOf(line) + 1);
      return String(
        (configHover(config, NO_FACTS, at, { report, settings })?.contents as { value: string } | undefined)?.value,
      );
    };
    assert.match(hover('"trigger": {'), /Last run, `with --strategy auto and --seed 5`: ASR /);
    const text = parseConfig(TextDocument.create('file:///w/x.defense.json', 'json', 1, textOf(report)));
    const [told] = reportDiagnostics(text, [], [], report, settings);
    assert.deepEqual(
      [told!.code, told!.severity, /"strategy": "auto"/.test(text.document.getText(told!.range))],
      ['report.settings', 2, true],
    );
    const at = (part: string): string =>
      String(
        (
          reportHover(text, report, text.document.positionAt(text.document.getText().indexOf(part) + 2), settings)
            ?.contents as { value: string }
        ).value,
      );
    assert.match(at('"configHash"'), /- `seed` `5`, in the config `0` \(`--seed 5`\)/);
    assert.match(at('"overridden"'), /^Settings given on the command line of the run/);
  });
});
