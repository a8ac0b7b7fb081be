import assert from 'node:assert/strict';
import { configProblems } from '../../../../server/engine/config/read-config';
import { resolveConfig } from '../../../../server/engine/config/resolve-config';
import { canonicalJson, sha256 } from '../../../../server/engine/files/hash';
import { formerHoldout, settingProblems } from '../../../../server/engine/report/consistency/settings';
import { tellOf } from '../../../../server/engine/report/consistency/consistency';
import { isOfConfig, settingsRun } from '../../../../server/engine/report/check/staleness';
import { heldOutImages, namedHoldout, recordedHoldout } from '../../../../server/protocol/config/holdout';
import type { ResolvedConfig } from '../../../../server/protocol/config/config';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import { exampleReport } from '../../../fixtures/example-report';

/** The example's config as it is, or with a number of held-out images named. */
function configWith(report: DefenseReport, holdout?: number): ResolvedConfig {
  const { holdoutNamed, ...data } = report.provenance.config.data;
  assert.equal(holdoutNamed, undefined);
  return { ...report.provenance.config, data: holdout === undefined ? data : { ...data, ...recordedHoldout(holdout) } };
}

/** The example as a run of `trained` training images made it, by a config that leaves `holdout` out or names a number. */
function reportOf(
  trained: number,
  held: number,
  recorded: { holdout: number; holdoutNamed?: true } = { holdout: 5000 },
): DefenseReport {
  return exampleReport((r) => {
    r.data.holdout.images = held;
    r.data.fineTune = { images: trained - held, available: trained - held };
    Object.assign(r.provenance.config.data, recorded);
    r.provenance.configHash = sha256(canonicalJson(r.provenance.config));
  });
}

/** Whether the number of held-out images goes with the config that a report records. */
function heldOutAgrees(report: DefenseReport): boolean {
  const found: string[] = [];
  settingProblems(
    report,
    tellOf(
      (_id, pointer) => void found.push(pointer),
      () => undefined,
    ),
  );
  return !found.includes('/data/holdout/images');
}

describe('the number of held-out images', () => {
  it('is a fifth of the training images where the config says nothing, at most 5,000', () => {
    const expected: [train: number, heldOut: number][] = [
      [60_000, 5000],
      [25_000, 5000],
      [24_999, 4999],
      [2500, 500],
      [1000, 200],
      [600, 120],
      [125, 25],
      [101, 25],
      [50, 25],
      [40, 20],
      [1, 0],
      [0, 0],
    ];
    for (const [train, heldOut] of expected) assert.equal(heldOutImages(train, null), heldOut, `of ${train}`);
  });

  it('is the one that a config names, up to half of them', () => {
    const expected: [train: number, asked: number, heldOut: number][] = [
      [2500, 5000, 1250],
      [2500, 500, 500],
      [60_000, 5000, 5000],
      [60_000, 10_000, 10_000],
      [101, 5000, 50],
      [2500, 0, 0],
    ];
    for (const [train, asked, heldOut] of expected)
      assert.equal(heldOutImages(train, asked), heldOut, `${asked} of ${train}`);
  });

  it('is recorded as before where it is left out or another number, and marked where 5,000 is named', () => {
    assert.deepEqual(
      [null, 500, 0, 5000].map((asked) => recordedHoldout(asked)),
      [{ holdout: 5000 }, { holdout: 500 }, { holdout: 0 }, { holdout: 5000, holdoutNamed: true }],
    );
    for (const asked of [null, 500, 0, 5000]) assert.equal(namedHoldout(recordedHoldout(asked)), asked);
    const files = { images: 'a', labels: 'b' };
    const resolved = (data: object) => resolveConfig({ model: 'm', data: { train: files, test: files, ...data } }).data;
    assert.deepEqual(
      [resolved({}), resolved({ holdout: 5000 })].map(({ holdout, holdoutNamed }) => [holdout, holdoutNamed]),
      [
        [5000, undefined],
        [5000, true],
      ],
    );
    assert.deepEqual(
      configProblems(JSON.stringify({ model: 'm', data: { train: files, test: files, holdoutNamed: true } })).map(
        ({ code }) => code,
      ),
      ['config.unknownField'],
    );
  });
});

describe('a report and the default for held-out images', () => {
  it('is of a config that leaves it out, or names 5,000, where both come to the same images', () => {
    const report = reportOf(60_000, 5000);
    assert.ok(isOfConfig(report, configWith(report)));
    assert.ok(isOfConfig(report, configWith(report, 5000)));
    assert.deepEqual(settingsRun(report, configWith(report, 5000)).other, []);
    assert.ok(!isOfConfig(report, configWith(report, 4000)));
    assert.ok(heldOutAgrees(report));
    const named = reportOf(60_000, 5000, { holdout: 5000, holdoutNamed: true });
    assert.ok(isOfConfig(named, configWith(report)) && isOfConfig(named, configWith(report, 5000)));
  });

  it('is of the one of the two that it was made by where images are few', () => {
    const leftOut = reportOf(2500, 500);
    assert.ok(isOfConfig(leftOut, configWith(exampleReport())) && heldOutAgrees(leftOut));
    assert.ok(!isOfConfig(leftOut, configWith(exampleReport(), 5000)));
    assert.deepEqual(settingsRun(leftOut, configWith(exampleReport(), 5000)).other, ['data.holdout']);
    const named = reportOf(2500, 1250, { holdout: 5000, holdoutNamed: true });
    assert.ok(isOfConfig(named, configWith(exampleReport(), 5000)) && heldOutAgrees(named));
    assert.ok(!isOfConfig(named, configWith(exampleReport())));
    assert.ok(!heldOutAgrees(reportOf(2500, 500, { holdout: 5000, holdoutNamed: true })));
    assert.ok(!heldOutAgrees(reportOf(2500, 600)));
  });

  it('from when the default was half of them still agrees with itself and its config, and is made again with as many', () => {
    const older = reportOf(2500, 1250);
    assert.ok(heldOutAgrees(older));
    assert.ok(isOfConfig(older, configWith(exampleReport())), 'left out, as it was then');
    assert.ok(isOfConfig(older, configWith(exampleReport(), 5000)), 'or named, which was recorded alike');
    assert.equal(formerHoldout(older), 1250);
    for (const now of [
      reportOf(60_000, 5000),
      reportOf(2500, 500),
      reportOf(2500, 1250, { holdout: 5000, holdoutNamed: true }),
    ])
      assert.equal(formerHoldout(now), null);
  });
});
