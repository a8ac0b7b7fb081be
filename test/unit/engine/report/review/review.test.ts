import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  addDecision,
  issueFingerprint,
  readReview,
  reviewedIssues,
  type DecisionFields,
} from '../../../../../server/engine/report/review/review';
import { FinePruneError } from '../../../../../server/protocol/errors';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import type { IssueId } from '../../../../../server/protocol/report/review';
import { makeTempDir } from '../../../../harness/processes';
import { exampleReport } from '../../../../fixtures/example-report';

const ANN: Omit<DecisionFields, 'finding'> = {
  reason: 'Accepted for the demo.',
  author: 'Ann <ann@example.org>',
  date: '2026-03-01',
};
const accept = (
  text: string | null,
  finding: IssueId,
  more: Partial<DecisionFields> = {},
  report = exampleReport(),
): string => addDecision(text, report, { ...ANN, finding, ...more });
const read = (text: string) => readReview(text, 'x.defense-review.json');
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof FinePruneError) return error.code;
    throw error;
  }
  return 'none';
};

describe('a decision', () => {
  const status = (report: DefenseReport, text: string, today = '2026-06-01'): Record<string, string> =>
    Object.fromEntries(reviewedIssues(report, read(text), today).map((issue) => [issue.id, issue.status]));

  it('is shown at its issue: missed gates first, then findings in their order', () => {
    const text = accept(accept(null, 'pruned-all-dead'), 'gate.maxAttackSuccessRate');
    const issues = reviewedIssues(exampleReport(), read(text), '2026-06-01');
    assert.deepEqual(
      issues.map(({ id, severity, status: s, pointer }) => [id, severity, s, pointer]),
      [
        ['gate.maxAttackSuccessRate', 'error', 'accepted', '/gates/0'],
        ['pruned-all-dead', 'warning', 'accepted', '/findings/0'],
        ['fine-tuning-did-the-work', 'warning', 'open', '/findings/1'],
        ['analysis-on-test-set', 'information', 'open', '/findings/2'],
      ],
    );
    assert.equal(
      issues[0]?.message,
      'Gate missed: the ASR is 91.6 %, judged by the upper bound of its 95 % interval, 92.1 %; the limit is 5 %.',
    );
    assert.equal(issues[0]?.decision?.author, ANN.author);
    assert.deepEqual(
      reviewedIssues(exampleReport(), null, '2026-06-01').map((issue) => issue.status),
      ['open', 'open', 'open', 'open'],
    );
  });

  it('counts up to and with its last day', () => {
    const text = accept(null, 'pruned-all-dead', { expires: '2026-06-01' });
    assert.deepEqual(
      ['2026-05-31', '2026-06-01', '2026-06-02'].map((day) => status(exampleReport(), text, day)['pruned-all-dead']),
      ['accepted', 'accepted', 'expired'],
    );
  });

  const stale: [string, IssueId, (r: DefenseReport) => void][] = [
    [
      'a figure of the finding changes',
      'pruned-all-dead',
      (r) => void (r.findings[0]!.message = r.findings[0]!.message.replace('32 of', '33 of')),
    ],
    ['the gate is loosened', 'gate.maxAttackSuccessRate', (r) => void (r.gates[0]!.limit = 0.5)],
    ['what was measured at the gate changes', 'gate.maxAttackSuccessRate', (r) => void (r.gates[0]!.measured = 0.93)],
    ["the model's weights change", 'pruned-all-dead', (r) => void (r.model.before.weights = '0'.repeat(64))],
    [
      'the trigger changes',
      'pruned-all-dead',
      (r) => void Object.assign(r.provenance.config.trigger!, { size: [5, 5] }),
    ],
    ['the test images change', 'pruned-all-dead', (r) => void (r.data.files[2]!.sha256 = '0'.repeat(64))],
  ];
  for (const [what, finding, change] of stale) {
    it(`is stale when ${what}`, () => {
      assert.equal(status(exampleReport(change), accept(null, finding))[finding], 'stale');
    });
  }

  it('holds when something else changes', () => {
    const text = accept(null, 'pruned-all-dead');
    const other = exampleReport((r) => {
      r.provenance.threads = 4;
      r.data.files[0]!.sha256 = '0'.repeat(64);
      r.findings.splice(1, 1);
    });
    assert.equal(status(other, text)['pruned-all-dead'], 'accepted');
  });

  it('that counts goes before others about the same finding', () => {
    const lines = [
      accept(null, 'pruned-all-dead', { expires: '2026-03-02', reason: 'old' }),
      accept(null, 'pruned-all-dead', { reason: 'new' }),
    ].map((text) => text.split('\n')[3]!.trim());
    const both = `{"schemaVersion": 1, "decisions": [${lines.join(',')}]}`;
    const [, issue] = reviewedIssues(exampleReport(), read(both), '2026-06-01');
    assert.deepEqual([issue?.status, issue?.decision?.reason], ['accepted', 'new']);
  });

  it('has a fingerprint of 16 hexadecimal digits that is the same every time, and none without an issue', () => {
    assert.match(issueFingerprint(exampleReport(), 'pruned-all-dead'), /^[0-9a-f]{16}$/);
    assert.equal(
      issueFingerprint(exampleReport(), 'pruned-all-dead'),
      issueFingerprint(exampleReport(), 'pruned-all-dead'),
    );
    assert.notEqual(
      issueFingerprint(exampleReport(), 'pruned-all-dead'),
      issueFingerprint(exampleReport(), 'analysis-on-test-set'),
    );
    assert.equal(
      codeOf(() => issueFingerprint(exampleReport(), 'gate.maxAccuracyDrop')),
      'review.noSuchIssue',
      'that gate is met',
    );
  });
});

describe('a list of decisions', () => {
  it('has one decision a line, by finding, and leaves the others as they are', () => {
    const one = accept(null, 'pruned-all-dead');
    const two = accept(one, 'analysis-on-test-set', { author: 'Bob <bob@example.org>' });
    const three = accept(two, 'gate.maxAttackSuccessRate', { expires: '2026-12-31' });
    assert.deepEqual(
      read(three).decisions.map((d) => d.finding),
      ['analysis-on-test-set', 'gate.maxAttackSuccessRate', 'pruned-all-dead'],
    );
    assert.equal(three.split('\n').filter((line) => line.includes('"finding"')).length, 3);
    for (const line of two.split('\n')) assert.ok(three.split('\n').includes(line), line);
    const four = accept(three, 'fine-tuning-did-the-work');
    assert.deepEqual(JSON.parse(four), read(four), 'it is plain JSON');
    assert.ok(four.endsWith('\n'));
  });

  it('replaces what was decided about the same finding', () => {
    const text = accept(accept(accept(null, 'pruned-all-dead'), 'analysis-on-test-set'), 'pruned-all-dead', {
      reason: 'Looked at again.',
    });
    assert.deepEqual(
      read(text).decisions.map((d) => d.reason),
      [ANN.reason, 'Looked at again.'],
    );
  });

  it('keeps line ends, indentation and what else stands in the file', () => {
    const first = accept(null, 'pruned-all-dead')
      .replace('{\n', '{\n  "$schema": "x.json",\n')
      .replace(/^ {4}/m, '\t\t')
      .replace(/\n/g, '\r\n');
    const text = accept(first, 'analysis-on-test-set');
    assert.ok(text.includes('"$schema": "x.json"'));
    assert.ok(
      first
        .split('\r\n')
        .slice(0, 4)
        .every((line) => text.split('\r\n').includes(line)),
    );
    assert.ok(!/[^\r]\n/.test(text));
    assert.match(text, /^\t\t\{ "finding": "analysis-on-test-set".*\},\r\n\t\t\{/m);
    const flat = accept('{"schemaVersion":1,"decisions":[]}', 'pruned-all-dead');
    assert.equal(read(flat).decisions.length, 1);
  });

  it("writes a reason of several lines in one, and what can't be seen as escapes", () => {
    const text = accept(null, 'pruned-all-dead', { reason: ' safe\n  \u202Eevil\u2066 "quoted" \u0007 ' });
    assert.ok(!/[\u202E\u2066\u0007]/.test(text));
    assert.equal(text.split('\n').length, 7);
    assert.equal(read(text).decisions[0]?.reason, 'safe \u202Eevil\u2066 "quoted" \u0007');
  });

  it('does not take a decision without reason or author, on no day, or that ends before it begins', () => {
    for (const bad of [
      { reason: ' ' },
      { reason: 'x'.repeat(1001) },
      { author: '' },
      { date: '2026-02-30' },
      { date: 'today' },
      { expires: '2026-13-01' },
      { expires: '2026-02-01' },
    ]) {
      assert.equal(
        codeOf(() => accept(null, 'pruned-all-dead', bad)),
        'review.field',
        JSON.stringify(bad),
      );
    }
    assert.equal(
      codeOf(() => accept(null, 'curve-subset')),
      'review.noSuchIssue',
    );
  });

  it('is refused with its place when it is none', () => {
    const good = accept(null, 'pruned-all-dead');
    const refused: [string, string][] = [
      ['review.empty', ''],
      ['review.syntax', good.slice(0, -10)],
      ['review.syntax', good.replace('"decision":', '"decision"')],
      ['review.syntax', good.replace('"accept",', '"accept"')],
      ['review.version', good.replace('"schemaVersion": 1', '"schemaVersion": 2')],
      ['review.schema', good.replace('"accept"', '"reject"')],
      ['review.schema', good.replace('pruned-all-dead', 'pruned-some')],
      ['review.schema', '[]'],
      ['review.schema', 'null'],
      ['review.date', good.replace('2026-03-01', '2026-02-29')],
      ['review.duplicateKey', good.replace('"author":', '"reason": "mine", "author":')],
      ['review.duplicateKey', good.replace('"author":', '"__proto__": {}, "author":')],
      ['review.tooLarge', `{"a":"${'x'.repeat(2 << 20)}"}`],
      ['review.tooDeep', '['.repeat(100_000)],
    ];
    for (const [code, text] of refused)
      assert.equal(
        codeOf(() => read(text)),
        code,
        text.slice(0, 200),
      );
  });
});

describe('two branches that each add a decision', function () {
  this.timeout(20_000);
  const temp = makeTempDir('fp-merge-');
  after(() => temp.remove());
  const file = path.join(temp.dir, 'm.defense-review.json');
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd: temp.dir,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const commit = (text: string, message: string): void => {
    writeFileSync(file, text);
    git('add', '-A');
    git('commit', '-m', message);
  };
  /** Merges what two branches made of a base. @returns the merged text, and whether git was content */
  function merged(base: string, ours: string, theirs: string, attributes = ''): { text: string; clean: boolean } {
    git('init', '-q', '-b', 'main');
    writeFileSync(path.join(temp.dir, '.gitattributes'), attributes);
    commit(base, 'base');
    git('checkout', '-q', '-b', 'theirs');
    commit(theirs, 'theirs');
    git('checkout', '-q', 'main');
    commit(ours, 'ours');
    let clean = true;
    try {
      git('merge', '-q', '--no-edit', 'theirs');
    } catch {
      clean = false;
    }
    const text = readFileSync(file, 'utf8');
    execFileSync('rm', ['-rf', path.join(temp.dir, '.git')]);
    return { text, clean };
  }
  const findings = (text: string): string[] => read(text).decisions.map((d) => d.finding);

  it('merge by themselves when a decision lies between the two', () => {
    const base = accept(accept(null, 'fine-tuning-did-the-work'), 'gate.maxAttackSuccessRate');
    const { text, clean } = merged(base, accept(base, 'analysis-on-test-set'), accept(base, 'pruned-all-dead'));
    assert.ok(clean, text);
    assert.deepEqual(findings(text), [
      'analysis-on-test-set',
      'fine-tuning-did-the-work',
      'gate.maxAttackSuccessRate',
      'pruned-all-dead',
    ]);
    assert.deepEqual(JSON.parse(text), read(text));
  });

  it('conflict in whole lines otherwise; keeping both is read, and the next decision mends the commas', () => {
    const base = accept(null, 'analysis-on-test-set');
    const { text, clean } = merged(base, accept(base, 'fine-tuning-did-the-work'), accept(base, 'pruned-all-dead'));
    assert.ok(!clean);
    const kept = text
      .split('\n')
      .filter((line) => !/^(<{7}|={7}|>{7})/.test(line))
      .join('\n');
    assert.deepEqual(findings(kept), ['analysis-on-test-set', 'fine-tuning-did-the-work', 'pruned-all-dead']);
    const mended = accept(kept, 'gate.maxAttackSuccessRate');
    assert.deepEqual((JSON.parse(mended) as { decisions: { finding: string }[] }).decisions.length, 4);
  });

  it('always merge with `merge=union`', () => {
    const attributes = '*.defense-review.json merge=union\n';
    const base = accept(null, 'analysis-on-test-set');
    const { text, clean } = merged(
      base,
      accept(base, 'fine-tuning-did-the-work'),
      accept(base, 'pruned-all-dead'),
      attributes,
    );
    assert.ok(clean);
    assert.deepEqual(findings(text), ['analysis-on-test-set', 'fine-tuning-did-the-work', 'pruned-all-dead']);
    const empty = '{\n  "schemaVersion": 1,\n  "decisions": [\n  ]\n}\n';
    assert.deepEqual(
      findings(
        merged(empty, accept(empty, 'pruned-all-dead'), accept(empty, 'analysis-on-test-set'), attributes).text,
      ).sort(),
      ['analysis-on-test-set', 'pruned-all-dead'],
    );
  });
});
