import assert from 'node:assert/strict';
import { parseConfig } from '../../../../../../server/engine/config/parse-config';
import { resolveConfig } from '../../../../../../server/engine/config/resolve-config';
import { judge, judgeGates } from '../../../../../../server/engine/defense/verdict';
import { canonicalJson, sha256 } from '../../../../../../server/engine/files/hash';
import { compareReports } from '../../../../../../server/engine/report/compare/compare';
import { consistencyProblems, readReport } from '../../../../../../server/engine/report/json/read-report';
import { readScan } from '../../../../../../server/engine/report/json/read-scan';
import { serialiseReport, serialiseScan } from '../../../../../../server/engine/report/json/serialise';
import { markdownReport } from '../../../../../../server/engine/report/markdown/markdown';
import { readReview } from '../../../../../../server/engine/report/review/read-review';
import { renewedDecisions, reviewedIssues } from '../../../../../../server/engine/report/review/review';
import { stepSummary } from '../../../../../../server/engine/report/markdown/summary';
import type { DefenseReport } from '../../../../../../server/protocol/report/report';
import { neuralCleanse } from '../../../../../../server/protocol/report/scan';
import { readPolicy } from '../../../../../../server/cli/check/policy';
import { rate } from '../../../../../../server/engine/metrics/rate';
import { stagesOf, type Stage } from '../../../../../../server/protocol/report/confusion';
import { matrixOf } from '../../../../../fixtures/matrices';
import { exampleReport } from '../../../../../fixtures/example-report';
import { repairedReport } from '../../../../../fixtures/repaired-report';
import { FORMER_REPORTS, formerText } from '../../../../../fixtures/former';
import { NASTY } from '../../../../../fixtures/nasty-strings';

type Scan1 = Record<string, unknown> & { flagged: number[]; classes: unknown[] };
interface Report1 {
  verdict: { word: string; sentence: string };
  findings: unknown[];
  scan?: Scan1;
  proof?: { scan: Scan1; basis: string };
}

const upgraded = (name: string): DefenseReport => readReport(formerText(`${name}.defense.json`), name);
const parsed = (name: string): Report1 => JSON.parse(formerText(`${name}.defense.json`)) as Report1;

/** A scan of this version as version 1 had it. */
function scan1({ suspects, evidence, ...answer }: NonNullable<DefenseReport['scan']>): object {
  const [masks] = evidence;
  assert.ok(masks?.method === 'neural-cleanse');
  const table: Partial<typeof masks> = { ...masks };
  delete table.method;
  return { ...answer, ...table, flagged: suspects.map(({ target }) => target) };
}

/** Stages with matrices in full and rates by class. */
function stages1(report: DefenseReport): object {
  const stage1 = ({ confusion: { clean, triggered }, ...figures }: Stage) => ({
    ...figures,
    confusion: matrixOf(clean),
    triggeredConfusion: triggered && matrixOf(triggered),
    perClass: clean.of.map((of, label) => rate(clean.correct[label]!, of)),
  });
  const { before, pruned, after } = stagesOf(report);
  return { before: stage1(before), pruned: stage1(pruned), after: stage1(after) };
}

/** Units with their means by class. */
function layer1({ classMeans, activations, ...layer }: DefenseReport['layer'], classes: number): object {
  const zeros = new Array<number>(classes).fill(0);
  return {
    ...layer,
    activations: activations.map((unit, u) => ({ ...unit, perClass: classMeans[u]!.length ? classMeans[u] : zeros })),
  };
}

/** A report of this version as version 1 had it. */
function report1(report: DefenseReport): object {
  const { scan, proof, confusion, layer, ...rest } = report;
  return {
    ...rest,
    schemaVersion: 1,
    stages: stages1(report),
    layer: layer1(layer, confusion.before.clean.of.length),
    ...(scan && { scan: scan1(scan) }),
    ...(proof && { proof: { ...proof, scan: scan1(proof.scan), basis: proof.basis.replace('scan', 'inversion') } }),
  };
}

describe('a report that version 0.1 wrote', () => {
  for (const name of FORMER_REPORTS) {
    it(`is read with everything that it says: ${name}`, () => {
      const report = upgraded(name);
      assert.deepEqual(JSON.parse(JSON.stringify(report1(report))), parsed(name));
    });

    it(`agrees with itself, and is never said to be tampered with: ${name}`, () => {
      const problems = consistencyProblems(upgraded(name));
      assert.deepEqual(
        problems.filter(({ kind }) => kind === 'problem'),
        [],
      );
      assert.ok(problems.some(({ id }) => id === 'tool'));
    });

    it(`has gates, verdict word and findings that this version comes to as well: ${name}`, () => {
      const report = upgraded(name);
      const { gates } = report.provenance.config;
      assert.deepEqual(judgeGates(report, gates), report.gates);
      assert.equal(judge(report, gates).word, report.verdict.word);
    });

    it(`has the order of this version when it is written; what names 0.1 as its tool is not read in this format: ${name}`, () => {
      const report = upgraded(name);
      const text = serialiseReport(report);
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(report)));
      assert.throws(() => readReport(text, name), /does not write schemaVersion 2/);
      assert.deepEqual(Object.keys(JSON.parse(text) as object).slice(0, 6), [
        'schemaVersion',
        'verdict',
        'gates',
        'findings',
        'repaired',
        'stages',
      ]);
    });

    it(`has its figures in every view: ${name}`, () => {
      const report = upgraded(name);
      const markdown = markdownReport(report, undefined, name);
      assert.ok(markdown.includes(`## Defense report: ${name}`));
      assert.match(stepSummary([{ name, report, issues: [] }]), /### Figures/);
    });

    it(`has a config that is valid, and the hash that its report names: ${name}`, () => {
      const config = resolveConfig(parseConfig(formerText(`${name}.fineprune.json`), name));
      assert.equal(sha256(canonicalJson(config)), upgraded(name).provenance.configHash);
    });
  }

  for (const [what, report] of [
    ['of the recipe', exampleReport()],
    ['with scan, attempts and proof', repairedReport()],
  ] as const) {
    it(`is what this version would have written: ${what}`, () => {
      const former = { ...report, provenance: { ...report.provenance, tool: 'fine-prune 0.1.0' } };
      assert.deepEqual(readReport(JSON.stringify(report1(former)), 'x'), JSON.parse(JSON.stringify(former)));
      assert.throws(() => readReport(JSON.stringify(report1(report)), 'x'), /does not write schemaVersion 1/);
    });
  }

  it('keeps what was decided about it', () => {
    const report = upgraded('known');
    const review = readReview(formerText('known.defense-review.json'), 'known');
    const statuses = (decided: DefenseReport, decisions = review.decisions) =>
      reviewedIssues(decided, { schemaVersion: 2, decisions }, '2026-12-01')
        .filter(({ decision }) => decision)
        .map(({ id, status }) => [id, status]);
    const both = [
      ['gate.maxAttackSuccessRate', 'accepted'],
      ['test-subset', 'accepted'],
    ];
    assert.deepEqual(statuses(report), both);
    const reworded = structuredClone(report);
    for (const finding of reworded.findings) finding.message = `In other words: ${finding.message}`;
    assert.deepEqual(statuses(reworded), [both[0], ['test-subset', 'stale']]);
    assert.deepEqual(statuses(reworded, renewedDecisions(report, review.decisions)), both);
    for (const finding of reworded.findings) finding.message = finding.message.replace('1500', '1501');
    assert.deepEqual(statuses(reworded, renewedDecisions(report, review.decisions)), [
      both[0],
      ['test-subset', 'stale'],
    ]);
  });

  it('is the base of a comparison, whose findings are the same in other words', () => {
    const [base, head] = [upgraded('known'), upgraded('known')];
    head.provenance.tool = 'fine-prune 0.2.0';
    for (const finding of head.findings) finding.message = `In other words: ${finding.message}`;
    const { findings, gates, caveats, direction } = compareReports(base, head);
    assert.ok(findings.length > 0 && findings.every(({ change }) => change === 'kept'));
    assert.ok(gates.every(({ limit, base: before }) => limit === 'same' && before));
    assert.deepEqual([caveats, direction], [[], 'same']);
  });

  it('is refused where it is none, with the place', () => {
    for (const [field, value] of [
      ['scan', []],
      ['scan', { flagged: 3, classes: [] }],
      ['scan', { flagged: [NASTY], classes: [{ flagged: true }] }],
      ['proof', { scan: null, basis: 'hope' }],
      ['stages', null],
    ] as const) {
      const report = { ...parsed('guided'), [field]: value };
      assert.throws(() => readReport(JSON.stringify(report), 'x'), { code: 'report.schema' }, field);
    }
  });
});

describe('other files that version 0.1 wrote', () => {
  it('are a scan with the same answer and table', () => {
    const before = JSON.parse(formerText('model.scan.json')) as { scan: Scan1 };
    const report = readScan(formerText('model.scan.json'), 'model');
    assert.deepEqual(JSON.parse(JSON.stringify(scan1(report.scan))), before.scan);
    assert.equal(neuralCleanse(report.scan)!.classes.length, 10);
    assert.deepEqual(
      report.scan.suspects.map(({ target, methods }) => [target, methods]),
      before.scan.flagged.map((target) => [target, ['neural-cleanse']]),
    );
    assert.ok(report.scan.suspects.every(({ score }) => score > 1));
    assert.throws(() => readScan(serialiseScan(report), 'model'), /does not write schemaVersion 2/);
  });

  it('are a policy', () => {
    assert.equal(readPolicy(formerText('policy.json'), 'policy').decisions?.length, 1);
  });
});
