import assert from 'node:assert/strict';
import { readReport } from '../../../../../server/engine/report/json/read-report';
import { isOfConfig, overriddenBy, runSettings } from '../../../../../server/engine/report/check/staleness';
import type { ResolvedConfig } from '../../../../../server/protocol/config/config';
import {
  recordedSettings,
  settingsText,
  withSettings,
  type RunSetting,
} from '../../../../../server/protocol/report/run-settings';
import { exampleReport, textOf } from '../../../../fixtures/example-report';
import { TEXT, resolved, reportOf } from '../../../../fixtures/run-settings';

const AUTO: RunSetting = { path: 'strategy', run: 'auto', config: 'fine-pruning', option: '--strategy auto' };

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
    for (const [overridden, code] of [
      [[], 'report.figure'],
      [['gates'], 'report.schema'],
      [['seed', 'seed', 'seed', 'seed', 'seed'], 'report.figure'],
      ['seed', 'report.schema'],
    ]) {
      assert.throws(
        () =>
          readReport(
            JSON.stringify({ ...exampleReport(), provenance: { ...exampleReport().provenance, overridden } }),
            'x',
          ),
        { code },
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
      /^This report was made with settings that are not in the config: trigger\.target 3 \(config: 0\)\./,
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
      'This report was made with settings from the command line: strategy auto (config: fine-pruning), seed 5 (config: 0). Running the config on its own may give a different result.',
    );
  });
});
