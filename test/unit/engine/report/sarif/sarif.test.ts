import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import schema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json';
import Ajv from 'ajv';
import { addDecision, readReview, reviewedIssues } from '../../../../../server/engine/report/review/review';
import { RULES } from '../../../../../server/engine/report/sarif/rules';
import { sarifLog, type SarifInput } from '../../../../../server/engine/report/sarif/sarif';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import { exampleReport, textOf } from '../../../../fixtures/example-report';
import { NASTY, withEveryText } from '../../../../fixtures/nasty-strings';
import { judged, repairedReport } from '../../../../fixtures/repaired-report';
import { scanOf } from '../../../../fixtures/scan-result';

/** What the tests look at of a log. */
interface Result {
  ruleId: string;
  ruleIndex: number;
  level: string;
  message: { text: string; markdown: string };
  locations: {
    physicalLocation: {
      artifactLocation: { uri: string; uriBaseId: string };
      region: { startLine: number; startColumn: number; endLine: number; endColumn: number };
    };
    logicalLocations?: { name: string; fullyQualifiedName: string; kind: string }[];
  }[];
  relatedLocations?: { physicalLocation: { artifactLocation: { uri: string } } }[];
  partialFingerprints: Record<string, string>;
  suppressions: { kind: string; status: string; justification: string }[];
  baselineState?: string;
}
interface Log {
  version: string;
  runs: { tool: { driver: { rules: { id: string; help: { text: string } }[] } }; results: Result[] }[];
}

// The official schema is of JSON Schema's draft 4, which differs from what ajv reads in how it names itself only, as far as it is used here.
const official = Object.fromEntries(Object.entries(schema).filter(([key]) => key !== 'id' && key !== '$schema'));
const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false }).compile(
  official,
);

const TODAY = '2026-06-01';
const FILE = 'models/mnist/mnist.defense.json';

function input(report: DefenseReport, more: Partial<SarifInput> = {}): SarifInput {
  return {
    report,
    issues: reviewedIssues(report, null, TODAY),
    file: FILE,
    text: textOf(report),
    configFile: 'models/mnist/mnist.fineprune.json',
    ...more,
  };
}

function logOf(...inputs: SarifInput[]): Log {
  const log = sarifLog(inputs);
  assert.ok(validate(log), JSON.stringify(validate.errors?.slice(0, 3)));
  return JSON.parse(JSON.stringify(log)) as Log;
}
const resultsOf = (...inputs: SarifInput[]): Result[] => logOf(...inputs).runs[0]!.results;

describe('a SARIF log', () => {
  it('is valid, with a result for every missed gate and finding at its rule', () => {
    const log = logOf(input(exampleReport()));
    const { results, tool } = log.runs[0]!;
    assert.deepEqual(
      results.map(({ ruleId, level }) => [ruleId, level]),
      [
        ['gate.maxAttackSuccessRate', 'error'],
        ['pruned-all-dead', 'warning'],
        ['fine-tuning-did-the-work', 'warning'],
        ['analysis-on-test-set', 'note'],
      ],
    );
    for (const { ruleId, ruleIndex } of results) assert.equal(tool.driver.rules[ruleIndex]?.id, ruleId);
  });

  it('would not be valid with a field that SARIF does not know', () => {
    assert.equal(validate({ ...sarifLog([]), more: 1 }), false);
  });

  it("stands at the report's own lines", () => {
    const report = exampleReport();
    const lines = textOf(report).split('\n');
    for (const { ruleId, locations } of resultsOf(input(report))) {
      const { region, artifactLocation } = locations[0]!.physicalLocation;
      assert.deepEqual(artifactLocation, { uri: FILE, uriBaseId: '%SRCROOT%' });
      const there = lines.slice(region.startLine - 1, region.endLine);
      there[there.length - 1] = there.at(-1)!.slice(0, region.endColumn - 1);
      const value = JSON.parse(there.join('\n').slice(region.startColumn - 1)) as { id: string };
      assert.equal(value.id, ruleId.replace('gate.', ''), 'the region is the whole value, and nothing else');
    }
  });

  it('names layer and neurons, and the config', () => {
    const [gate, dead, tuned] = resultsOf(input(exampleReport()));
    assert.equal(gate!.locations[0]!.logicalLocations, undefined);
    const [layer, ...units] = dead!.locations[0]!.logicalLocations!;
    assert.deepEqual(layer, { name: 'dense_1', fullyQualifiedName: 'dense_1', kind: 'layer' });
    assert.deepEqual(
      units.map(({ name }) => name),
      exampleReport().pruning.units.map((u) => `neuron ${u}`),
    );
    assert.deepEqual(units[1], { name: 'neuron 4', fullyQualifiedName: 'dense_1/4', kind: 'neuron' });
    assert.equal(tuned!.locations[0]!.logicalLocations!.length, 1);
    assert.equal(
      gate!.relatedLocations![0]!.physicalLocation.artifactLocation.uri,
      'models/mnist/mnist.fineprune.json',
    );
  });

  it('names the classes that a scan finds suspicious', () => {
    const report = judged(
      repairedReport('inverted', (r) => {
        r.proof!.scan = scanOf([70, 84, 61, 5.2, 79, 63, 77, 4.8, 103, 88]);
      }),
    );
    const classesOf = (id: string): unknown =>
      resultsOf(input(report)).find(({ ruleId }) => ruleId === id)?.locations[0]!.logicalLocations;
    assert.deepEqual(classesOf('trigger-estimated'), [
      { name: 'class 0', fullyQualifiedName: 'class/0', kind: 'class' },
    ]);
    assert.deepEqual(
      classesOf('scan-flags-repaired'),
      [3, 7].map((target) => ({ name: `class ${target}`, fullyQualifiedName: `class/${target}`, kind: 'class' })),
    );
    const second = judged(
      repairedReport('known', (r) => void (r.scan = scanOf([6.4, 81, 52, 7.1, 72, 58, 75, 69, 113, 91]))),
    );
    const suspicious = resultsOf(input(second)).find(({ ruleId }) => ruleId === 'scan-suspicious');
    assert.equal(suspicious?.level, 'warning');
    assert.deepEqual(
      suspicious?.locations[0]!.logicalLocations?.map(({ name }) => name),
      ['class 0', 'class 3'],
    );
  });

  it('keeps its fingerprints while figures move, and tells reports, findings and layers apart', () => {
    const prints = (change: (r: DefenseReport) => void, more: Partial<SarifInput> = {}): string[] =>
      resultsOf(input(exampleReport(change), more)).map(
        ({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash!,
      );
    const first = prints(() => undefined);
    assert.equal(new Set(first).size, first.length);
    assert.ok(first.every((print) => /^[0-9a-f]{16}:1$/.test(print)));
    assert.deepEqual(
      prints((r) => {
        r.gates[0]!.measured = 0.5;
        r.findings[0]!.message = 'other figures';
        r.provenance.tool = 'fine-prune 9';
        r.model.before.weights = '0'.repeat(64);
      }),
      first,
    );
    const none = (other: string[]): void => assert.ok(other.every((print) => !first.includes(print)));
    none(prints((r) => void (r.layer.name = 'dense_2')));
    none(prints((r) => void (r.model.path = 'other.json')));
    none(prints(() => undefined, { file: 'elsewhere/mnist.defense.json' }));
    const twice = prints(
      (r) =>
        void r.findings.push(
          { id: 'test-subset', severity: 'information', message: 'a' },
          { id: 'test-subset', severity: 'information', message: 'b' },
        ),
    );
    assert.equal(new Set(twice).size, 6);
  });

  it('suppresses what was accepted, with reason, author and days; and nothing else', () => {
    const report = exampleReport();
    const review = readReview(
      addDecision(null, report, {
        finding: 'pruned-all-dead',
        reason: 'For the demo.',
        author: 'Ann <a@example.org>',
        date: '2026-03-01',
        expires: '2026-12-31',
      }),
      'x',
    );
    const at = (today: string) =>
      resultsOf(input(report, { issues: reviewedIssues(report, review, today) })).map(
        ({ suppressions }) => suppressions,
      );
    assert.deepEqual(at(TODAY), [
      [],
      [
        {
          kind: 'external',
          status: 'accepted',
          justification: 'For the demo. (Ann <a@example.org>, 2026-03-01, until 2026-12-31)',
        },
      ],
      [],
      [],
    ]);
    assert.deepEqual(at('2027-01-01'), [[], [], [], []], 'an expired decision counts no more');
  });

  it('says what is new against a base, and nothing of that without one', () => {
    const base = exampleReport((r) => {
      r.findings = r.findings.slice(0, 2);
      r.findings[1]!.message = 'Fine-tuning did the work, with other figures.';
    });
    const report = exampleReport();
    const states = (baseIssues: SarifInput['baseIssues']) =>
      resultsOf(input(report, { baseIssues })).map(({ baselineState }) => baselineState);
    assert.deepEqual(states(reviewedIssues(base, null, TODAY)), ['unchanged', 'unchanged', 'updated', 'new']);
    assert.deepEqual(states(null), ['new', 'new', 'new', 'new']);
    assert.ok(resultsOf(input(report)).every(({ baselineState }) => baselineState === undefined));
    const mixed = resultsOf(input(report, { baseIssues: null }), input(report, { file: 'other.defense.json' }));
    assert.ok(
      mixed.every(({ baselineState }) => baselineState === undefined),
      'all results of a run have it, or none',
    );
  });

  it('holds many reports in one run, and none', () => {
    assert.equal(logOf().runs[0]!.results.length, 0);
    assert.equal(logOf(input(exampleReport()), input(exampleReport(), { file: 'b.defense.json' })).runs.length, 1);
  });

  it('names no absolute path, whatever it is given', () => {
    const uris = [
      '/home/me/secret/x.defense.json',
      'C:\\Users\\me\\x.defense.json',
      '../../x.defense.json',
      './a/./x.defense.json',
      'a b/ü#?%.defense.json',
    ].map((file) => resultsOf(input(exampleReport(), { file, configFile: file }))[0]!);
    assert.deepEqual(
      uris.map(({ locations }) => locations[0]!.physicalLocation.artifactLocation.uri),
      ['x.defense.json', 'x.defense.json', 'x.defense.json', 'a/x.defense.json', 'a%20b/%C3%BC%23%3F%25.defense.json'],
    );
    assert.equal(uris[0]!.relatedLocations![0]!.physicalLocation.artifactLocation.uri, 'x.defense.json');
  });

  it('escapes brackets, braces and what hides in every text', () => {
    for (const nasty of NASTY) {
      const report = withEveryText(exampleReport(), nasty);
      const issues = reviewedIssues(report, null, TODAY).map((issue) => ({ ...issue, message: nasty }));
      for (const { message, locations } of resultsOf(input(report, { issues, text: textOf(exampleReport()) }))) {
        assert.doesNotMatch(message.text, /(^|[^\\])(\\\\)*[[\]]/, 'a link');
        assert.ok(
          (message.text.match(/[{}]+/g) ?? []).every((run) => run.length % 2 === 0),
          'a placeholder',
        );
        assert.doesNotMatch(message.text + JSON.stringify(locations), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        assert.doesNotMatch(message.markdown, /<(?! )|(^|[^\\])(\\\\)*\[/);
      }
    }
  });
});

describe('the help of a rule', () => {
  it('is the text of docs/findings.md', () => {
    const rows = readFileSync(path.join(__dirname, '../../../../../docs/findings.md'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    const documented = rows.flatMap((row) => {
      const [, ids, severity, says, todo] = row.split('|').map((cell) => cell.trim());
      return ids!.split(', ').map((id) => [id.replaceAll('`', ''), { severity, says, todo }] as const);
    });
    const rules = Object.entries(RULES).filter(([id]) => !id.startsWith('gate.'));
    assert.deepEqual(Object.fromEntries(documented), Object.fromEntries(rules));
  });
});
