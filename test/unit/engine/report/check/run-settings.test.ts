import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { parseConfig as readDefenseConfig, resolveConfig } from '../../../../../server/engine/config/read-config';
import { canonicalJson, sha256 } from '../../../../../server/engine/files/hash';
import { portable } from '../../../../../server/engine/report/json/build-report';
import { markdownReport } from '../../../../../server/engine/report/markdown/markdown';
import { consistencyProblems, readReport } from '../../../../../server/engine/report/json/read-report';
import { isOfConfig, overriddenBy, runSettings } from '../../../../../server/engine/report/check/staleness';
import { configActions } from '../../../../../server/language/config/actions';
import { withRepair, withSettingsOf } from '../../../../../server/language/config/edits';
import { configHover } from '../../../../../server/language/config/hover';
import { configLenses, lastTooltip } from '../../../../../server/language/config/lenses';
import { parseConfig, type ConfigText } from '../../../../../server/language/text/config-text';
import { NO_FACTS } from '../../../../../server/language/text/facts';
import { reportDiagnostics } from '../../../../../server/language/report/diagnostics';
import { reportHover } from '../../../../../server/language/report/hover';
import { configResultDiagnostics } from '../../../../../server/language/report/result-diagnostics';
import type { LastRun } from '../../../../../server/language/report/run-state';
import type { ResolvedConfig } from '../../../../../server/protocol/config';
import type { DefenseReport, OverriddenSetting } from '../../../../../server/protocol/report/report';
import {
  recordedSettings,
  settingsText,
  withSettings,
  type RunSetting,
} from '../../../../../server/protocol/report/run-settings';
import { parseToReport } from '../../../../../webview/messages/report';
import { exampleReport, EXAMPLE_FOLDER, textOf } from '../../../../fixtures/example-report';

const TEXT = readFileSync(path.join(EXAMPLE_FOLDER, 'mnist-badnets.fineprune.json'), 'utf8');
const URI = 'file:///w/demo.fineprune.json';
const resolved = (text = TEXT): ResolvedConfig => resolveConfig(readDefenseConfig(text, 'demo.fineprune.json'));
const textOfConfig = (text = TEXT): ConfigText => parseConfig(TextDocument.create(URI, 'fineprune', 1, text));

/** The committed report, as if a run of a config had been given these settings by its command line. */
function reportOf(
  run: Partial<Omit<ResolvedConfig, 'data'>> & { fineTuneImages?: number } = {},
  text = TEXT,
): DefenseReport {
  const config = resolved(text);
  const { fineTuneImages, ...top } = run;
  const ran = { ...config, ...top, data: { ...config.data, ...(fineTuneImages !== undefined && { fineTuneImages }) } };
  return exampleReport((report) => {
    const overridden = overriddenBy(ran, config);
    Object.assign(report.provenance, {
      configHash: sha256(canonicalJson(config)),
      config: portable(ran),
      ...(overridden.length && { overridden }),
    });
  });
}

const AUTO: RunSetting = { path: 'strategy', run: 'auto', config: 'fine-pruning', option: '--strategy auto' };
const lastOf = (report: DefenseReport, config = resolved()): LastRun => ({
  report,
  reportUri: 'file:///w/demo.defense.json',
  changed: isOfConfig(report, config) ? [] : ['the config'],
  settings: runSettings(report, config),
});

describe('settings of a run that its config has not', () => {
  it('are those of the command line, and not the engine that it chose', () => {
    assert.deepEqual(
      runSettings(exampleReport(), resolved()),
      [],
      'the committed report was made with --backend native',
    );
    assert.deepEqual(runSettings(reportOf({ threads: 8, backend: 'wasm' }), resolved()), []);
    assert.deepEqual(runSettings(reportOf({ strategy: 'auto' }), resolved()), [AUTO]);
    assert.deepEqual(
      runSettings(reportOf({ seed: 5, curve: 'full', fineTuneImages: 120, backend: 'native' }), resolved()),
      [
        { path: 'data.fineTuneImages', run: '120', config: 'all', option: '--fine-tune-images 120' },
        { path: 'seed', run: '5', config: '0', option: '--seed 5' },
        { path: 'curve', run: 'full', config: 'quick', option: '--full-curve' },
      ],
    );
    const guided = TEXT.replace(/"prune": .*/, '"strategy": "guided",');
    assert.deepEqual(runSettings(reportOf({ strategy: undefined }, guided), resolved(guided)), [
      { path: 'strategy', run: 'fine-pruning', config: 'guided', option: '--strategy fine-pruning' },
    ]);
  });

  it('are recorded by the run, but for engine and threads', () => {
    const config = resolved();
    assert.deepEqual(overriddenBy({ ...config, backend: 'wasm', threads: 2 }, config), []);
    assert.deepEqual(overriddenBy({ ...config, seed: 1, strategy: 'auto', backend: 'wasm' }, config), [
      'strategy',
      'seed',
    ]);
    assert.deepEqual(recordedSettings(reportOf({ strategy: 'auto', fineTuneImages: 7 })), [
      'strategy auto',
      'data.fineTuneImages 7',
    ]);
    assert.deepEqual(recordedSettings(exampleReport()), []);
    const read = readReport(textOf(reportOf({ strategy: 'auto' })), 'x');
    assert.deepEqual(read.provenance.overridden, ['strategy']);
    for (const overridden of [[], ['gates'], ['seed', 'seed', 'seed', 'seed', 'seed'], 'seed']) {
      assert.throws(
        () =>
          readReport(
            JSON.stringify({ ...exampleReport(), provenance: { ...exampleReport().provenance, overridden } }),
            'x',
          ),
        { code: 'report.schema' },
        JSON.stringify(overridden),
      );
    }
  });

  it('are none where paths differ only in their form', () => {
    const absolute = TEXT.replace('"model": "model.json"', '"model": "/home/ann/models/model.json"').replace(
      '"data/train-images',
      '"/data/mnist/train-images',
    );
    const report = reportOf({ strategy: 'auto' }, absolute);
    assert.match(report.provenance.config.model, /^…\/model\.json$/);
    assert.deepEqual(runSettings(report, resolved(absolute)), [AUTO]);
  });

  it('are none of a report that is stale, and gone when the config asks for what was run', () => {
    const report = reportOf({ strategy: 'auto' });
    const elsewhere = TEXT.replace('// "seed": 0', '"seed": 3');
    assert.deepEqual([isOfConfig(report, resolved(elsewhere)), runSettings(report, resolved(elsewhere))], [false, []]);
    const taken = TEXT.replace(/"prune": .*/, '"strategy": "auto",');
    assert.deepEqual([isOfConfig(report, resolved(taken)), runSettings(report, resolved(taken))], [true, []]);
    // What the strategy leaves aside: the ratio of the earlier config is in the report, and could not stand beside a strategy.
    const other = TEXT.replace('"ratio": 0.2', '"ratio": 0.3');
    assert.deepEqual(
      [isOfConfig(reportOf({ strategy: 'auto' }, other), resolved(taken)), isOfConfig(reportOf({}, other), resolved())],
      [true, false],
    );
  });

  it('tell one that no command line sets', () => {
    const report = reportOf();
    report.provenance.config.trigger = { ...report.provenance.config.trigger!, target: 3 } as NonNullable<
      ResolvedConfig['trigger']
    >;
    const settings = runSettings(report, resolved());
    assert.deepEqual(settings, [{ path: 'trigger.target', run: '3', config: '0', option: null }]);
    assert.equal(withSettings(settings), 'with trigger.target 3');
    assert.match(
      settingsText(settings),
      /^This report was made with settings that the config does not have: trigger\.target 3 \(config: 0\)\./,
    );
    report.provenance.config.layer = 'x'.repeat(10_000);
    assert.ok(settingsText(runSettings(report, resolved())).length < 400, 'a value of whatever origin is cut');
  });

  it('are said in few words beside a verdict, and in full below', () => {
    const settings = runSettings(reportOf({ strategy: 'auto', seed: 5 }), resolved());
    assert.equal(withSettings([]), '');
    assert.equal(withSettings([AUTO]), 'with --strategy auto');
    assert.equal(withSettings(settings), 'with --strategy auto and --seed 5');
    assert.equal(
      withSettings([...settings, ...settings, AUTO]),
      'with --strategy auto, --seed 5, --strategy auto and 2 more',
    );
    assert.equal(
      settingsText(settings),
      'This report was made with settings from the command line: strategy auto (config: fine-pruning), seed 5 (config: 0). A run of the config by itself may end otherwise.',
    );
  });
});

describe('a report with such settings, in the editor', () => {
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
      'Stale: the model changed since this run. Run Fine-Prune again to renew the figures.',
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
    const [told] = reportDiagnostics(text, [], [], settings);
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
    assert.match(at('"overridden"'), /^Settings that the command line of the run gave/);
  });

  it('reaches the page that draws it', () => {
    const view = { report: last.report, issues: [], changed: [], settings: [...last.settings!] };
    const message = { type: 'view' as const, name: 'demo', view, local: true, trusted: true };
    assert.deepEqual(parseToReport(structuredClone(message)), message);
    assert.throws(() => parseToReport({ ...message, view: { ...view, settings: [{ path: 1 }] } }), /settings/);
  });
});

describe('a report with such settings, elsewhere', () => {
  it('says so under the verdict of its Markdown; others keep theirs', () => {
    const report = reportOf({ strategy: 'auto', seed: 5 });
    const [, verdict, settings] = markdownReport(report).split('\n\n');
    assert.match(verdict!, /^\*\*❌ Not mitigated\.\*\*/);
    assert.equal(
      settings,
      'Made with settings from the command line: `strategy auto`, `seed 5`. A run of the config by itself may end otherwise.',
    );
    assert.equal(
      markdownReport(exampleReport()),
      readFileSync(path.join(EXAMPLE_FOLDER, 'mnist-badnets.defense.md'), 'utf8'),
    );
  });

  it('has them named by what looks at its figures, and none where its hash says that there were none', () => {
    const note = (report: DefenseReport): string[] =>
      consistencyProblems(report)
        .filter(({ pointer }) => pointer.startsWith('/provenance'))
        .map(({ kind, id, message }) => `${kind} ${id} ${message}`);
    assert.match(
      note(reportOf({ strategy: 'auto' })).join('\n'),
      /note config\.overridden The run had settings from its command line \(strategy auto\), or paths/,
    );
    const forged = exampleReport(({ provenance }) => {
      provenance.configHash = sha256(canonicalJson(provenance.config));
      provenance.overridden = ['seed'];
    });
    assert.deepEqual(note(forged), [
      'problem config The hash of the config file is that of the settings recorded here, so no command line can have given any of them.',
    ]);
  });
});
