import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import MarkdownIt, { type Token } from 'markdown-it';
import { compareReports } from '../../../../../server/engine/report/compare/compare';
import { comparisonMarkdown } from '../../../../../server/engine/report/markdown/compare';
import { markdownReport } from '../../../../../server/engine/report/markdown/markdown';
import {
  commentBody,
  commentMarker,
  stepSummary,
  type SummaryPart,
} from '../../../../../server/engine/report/markdown/summary';
import { readReport } from '../../../../../server/engine/report/json/read-report';
import { addDecision, readReview, reviewedIssues } from '../../../../../server/engine/report/review/review';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import type { ReviewedIssue } from '../../../../../server/protocol/report/review';
import { EXAMPLE_FOLDER, exampleReport, exampleText, textOf } from '../../../../fixtures/example-report';
import { NASTY, withEveryText } from '../../../../fixtures/nasty-strings';
import { repairedReport } from '../../../../fixtures/repaired-report';

const parser = new MarkdownIt({ html: true, linkify: true });

/** All tokens, those inside of a line as well, in their order. */
function tokensOf(markdown: string): Token[] {
  const flat = (tokens: readonly Token[]): Token[] => tokens.flatMap((token) => [token, ...flat(token.children ?? [])]);
  return flat(parser.parse(markdown, {}));
}

/** What a text is made of, without its words: code and text in a line count as the same. */
function structureOf(markdown: string): string[] {
  const kinds = tokensOf(markdown).map(({ type, tag, content, info }) => {
    if (['text', 'text_special', 'code_inline'].includes(type)) return 'text';
    return type === 'html_block' || type === 'html_inline' ? `${type} ${content}` : `${type} ${tag} ${info}`;
  });
  return kinds.filter((kind, at) => kind !== 'text' || kinds[at - 1] !== 'text');
}

/** Text that is not code, as a forge looks for mentions and references in it. */
function proseOf(markdown: string): string {
  return tokensOf(markdown)
    .map(({ type, content }) => (type === 'text' || type === 'text_special' ? content : '\n'))
    .join('');
}

/** Markdown of paragraphs, cells and items without what is code in them: where a forge looks for formulas. */
function sourceOf(markdown: string): string {
  const inline = tokensOf(markdown).filter(({ type }) => type === 'inline');
  return inline
    .map(({ content, children }) =>
      (children ?? [])
        .filter(({ type }) => type === 'code_inline')
        .reduce((left, code) => left.replace(code.content, () => ''), content),
    )
    .join('\n');
}

function issuesOf(
  report: DefenseReport,
  reason = 'Accepted for the demo.',
  author = 'Ann <ann@example.org>',
): ReviewedIssue[] {
  const decided = (text: string | null, finding: ReviewedIssue['id']): string =>
    addDecision(text, report, { finding, reason: 'x', author: 'y', date: '2026-03-01', expires: '2026-12-31' });
  const review = readReview(decided(decided(null, 'pruned-all-dead'), 'gate.maxAttackSuccessRate'), 'x');
  for (const decision of review.decisions) Object.assign(decision, { reason, author });
  return reviewedIssues(report, review, '2026-06-01');
}

describe('a report in Markdown', () => {
  const markdown = markdownReport(exampleReport());

  it('is what lies beside the committed report, byte for byte', () => {
    const committed = readFileSync(path.join(EXAMPLE_FOLDER, 'mnist-badnets.defense.md'), 'utf8');
    const report = readReport(exampleText(), 'x');
    assert.equal(markdownReport(report, undefined, 'mnist-badnets'), committed);
    assert.equal(markdownReport(report), committed, 'the report knows its name');
  });

  it('begins with verdict and gates, then what weakens them, the figures, and the rest', () => {
    const marks = [
      '## Defense report: mnist-badnets',
      '**❌ Not mitigated.** The backdoor is still there',
      '| Attack success rate (ASR, class 0) | ≤ 5 % |',
      'What weakens this result: `pruned-all-dead`',
      '### Figures',
      '### Pruning curve',
      '### Pruned units',
      '### Findings',
      '### Reproduce',
      '<details>',
    ];
    const places = marks.map((mark) => markdown.indexOf(mark));
    assert.ok(
      places.every((place) => place >= 0),
      JSON.stringify(places),
    );
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
    assert.ok(markdown.endsWith('</details>\n'));
  });

  it('has the figures of all stages with interval and count', () => {
    assert.match(
      markdown,
      /^\| Clean accuracy \| 98\.89 \(98\.67–99\.08\), 9,889 of 10,000 \| 98\.89 .* \| 99\.10 \(98\.90–99\.27\), 9,910 of 10,000 \|$/m,
    );
    assert.match(
      markdown,
      /^\| Attack success rate \(ASR, class 0\) \| 99\.80 .* \| 91\.55 \(90\.96–92\.11\), 8,258 of 9,020 \|$/m,
    );
  });

  it('names one command that reproduces it, and nothing of this machine', () => {
    assert.match(
      markdown,
      /```sh\nfine-prune run mnist-badnets\.fineprune\.json --backend native --threads 1 --seed 0\n```/,
    );
    assert.ok(!markdown.includes(process.cwd()) && !/\b20\d\d-\d\d-\d\d\b/.test(markdown));
  });

  it('draws the curve as a chart of at most 33 points, with the axes named and the lines told apart in words', () => {
    const [, chart = ''] = /```mermaid\n([^`]*)\n```/.exec(markdown) ?? [];
    const [init, kind, x, y, clean, attack, ...rest] = chart.split('\n');
    assert.match(init!, /^%%\{init: \{.*"plotColorPalette": "#\w{6}, #\w{6}".*\}\}%%$/);
    assert.deepEqual(
      [kind, x, y, rest],
      ['xychart-beta', '  x-axis "number of pruned neurons" 0 --> 128', '  y-axis "% of the images" 0 --> 100', []],
    );
    for (const line of [clean!, attack!]) {
      assert.match(line, /^ {2}line \[\d+(\.\d+)?(, \d+(\.\d+)?)*\]$/);
      const values = line.slice(8, -1).split(', ').map(Number);
      assert.equal(values.length, 33);
      assert.ok(values.every((v) => v >= 0 && v <= 100));
    }
    const points = exampleReport().curve.points;
    assert.deepEqual(
      clean!.slice(8, -1).split(', ').map(Number),
      Array.from({ length: 33 }, (_, i) => points[4 * i]!.correct / 100),
      'every fourth of 128 exactly',
    );
    assert.match(markdown, /\*\*Blue, clean accuracy:\*\* from 98\.89 % .*\*\*Orange, ASR:\*\* from 99\.80 %/);
  });

  it('draws any number of units in at most 33 points, the first and the last among them', () => {
    for (const units of [1, 2, 7, 31, 37, 64, 100, 127, 1000]) {
      const report = exampleReport((r) => {
        r.layer.units = units;
        r.curve.points = Array.from({ length: units + 1 }, (_, pruned) => ({
          pruned,
          correct: 10_000 - pruned,
          successful: 9020 - pruned,
        }));
      });
      const [, line = ''] = /line \[([^\]]*)\]/.exec(markdownReport(report)) ?? [];
      const values = line.split(', ').map(Number);
      assert.ok(
        values.length >= 2 && values.length <= 33 && values.length >= Math.min(units + 1, 9),
        `${units}: ${values.length}`,
      );
      assert.deepEqual([values[0], values.at(-1)], [100, (10_000 - units) / 100], `${units}`);
    }
  });

  it('is the same whichever order the keys of the report have', () => {
    const reversed = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(reversed)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .reverse()
                .map(([k, v]) => [k, reversed(v)]),
            )
          : value;
    assert.equal(markdownReport(reversed(exampleReport()) as DefenseReport), markdown);
  });

  it('says what was decided, by whom and until when', () => {
    const text = markdownReport(exampleReport(), issuesOf(exampleReport()));
    assert.match(text, /❌ \*\*missed\*\*, accepted/);
    assert.match(text, /`pruned-all-dead` \(accepted\)/);
    assert.match(
      text,
      /- \*\*Warning\*\* `pruned-all-dead`: .*\n {2}- ☑️ \*\*Accepted\*\* until 2026-12-31, by `Ann <ann@example\.org>` on 2026-03-01: Accepted for the demo\./,
    );
    const over = markdownReport(
      exampleReport(),
      issuesOf(exampleReport()).map((issue) => (issue.decision ? { ...issue, status: 'expired' as const } : issue)),
    );
    assert.match(over, /which is \*\*over\*\*/);
    assert.ok(!over.includes('missed**, accepted'));
  });

  it('tells of a model that was not repaired, and of no trigger', () => {
    const text = markdownReport(
      exampleReport((r) => {
        r.repaired = false;
        r.model.after = null;
        r.trigger = null;
        for (const stage of Object.values(r.stages))
          Object.assign(stage, { attackSuccessRate: null, robustAccuracy: null, triggeredConfusion: null });
        Object.assign(r.gates[0]!, { measured: null, judged: null });
        r.comparison.attackSuccess = null;
        r.curve.triggeredImages = null;
        for (const point of r.curve.points) point.successful = null;
      }),
    );
    assert.match(text, /^\| Attack success rate \(ASR\) \| not measured \| – \| – \|$/m);
    assert.match(text, /^None: the model was measured, not changed\.$/m);
    assert.equal(text.match(/^ {2}line \[/gm)?.length, 1);
    assert.match(text, /^## Defense report: model$/m);
  });

  it('says that units were named, where they were', () => {
    const text = markdownReport(exampleReport((r) => void (r.pruning.ratio = null)));
    assert.match(text, /\(named in the config\)/);
    assert.match(text, /they have no place on it/);
  });
});

describe('texts of unknown origin in Markdown', function () {
  this.timeout(60_000);
  const rendered = (nasty: string): Record<string, string> => {
    const report = withEveryText(exampleReport(), nasty);
    const repaired = withEveryText(repairedReport(), nasty);
    const issues = issuesOf(exampleReport(), nasty, nasty).map((issue) => ({ ...issue, message: nasty }));
    const other = exampleReport((r) => void (r.provenance.config.seed = 1));
    const comparison = compareReports(report, other);
    return {
      report: markdownReport(report, issues, nasty),
      repaired: markdownReport(repaired, undefined, nasty),
      comparedRepairs: comparisonMarkdown(compareReports(exampleReport(), repaired), { base: nasty, head: nasty }),
      comparison: comparisonMarkdown(comparison, { base: nasty, head: nasty }),
      summary: stepSummary([{ name: nasty, report, issues, comparison, labels: { base: nasty, head: nasty } }]),
      comment: commentBody(nasty, [{ name: nasty, report, issues, comparison }]),
    };
  };
  const benign = Object.fromEntries(Object.entries(rendered('word')).map(([what, text]) => [what, structureOf(text)]));

  /** The marker holds the name in its own alphabet. */
  const masked = (kinds: readonly string[]): string[] =>
    kinds.map((kind) => kind.replace(/<!-- fine-prune:report:[\w.%-]*(?<!-) -->/, '<!-- marker -->'));

  for (const nasty of NASTY) {
    it(`stay text: ${JSON.stringify(nasty.slice(0, 60))}`, () => {
      for (const [what, text] of Object.entries(rendered(nasty))) {
        assert.deepEqual(masked(structureOf(text)), masked(benign[what]!), what);
        const prose = proseOf(text);
        assert.doesNotMatch(prose, /@[\p{L}\p{N}_-]/u, `${what}: a mention or an address`);
        assert.doesNotMatch(
          prose,
          /(^|[^\p{L}\p{N}])#\d|GH-\d|[!~]\p{L}|%\d|:\/\/|www\./iu,
          `${what}: a reference or a link`,
        );
        assert.doesNotMatch(prose, /:[\w+-]+:/, `${what}: an emoji`);
        assert.doesNotMatch(sourceOf(text), /\$/, `${what}: a formula`);
        assert.doesNotMatch(
          text.replace(/[\u2060\n]/g, ''),
          /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u,
          `${what}: hidden characters`,
        );
      }
    });
  }

  it('are cut where they are long', () => {
    for (const [what, text] of Object.entries(rendered('x'.repeat(100_000)))) {
      assert.ok(text.length < (what === 'comment' ? 65_536 : 300_000), `${what}: ${text.length} characters`);
      assert.match(text, /x…/);
    }
  });

  it('never reach the chart', () => {
    const chartOf = (text: string): string => /```mermaid\n[^`]*```/.exec(text)![0];
    for (const nasty of NASTY)
      assert.equal(
        chartOf(markdownReport(withEveryText(exampleReport(), nasty))),
        chartOf(markdownReport(exampleReport())),
      );
  });

  it('are quoted for the shell where they become an argument', () => {
    for (const [name, word] of [
      ['a b', "'a b.fineprune.json'"],
      ["it's; rm -rf $HOME", `'it'\\''s; rm -rf $HOME.fineprune.json'`],
      ['-x', './-x.fineprune.json'],
    ] as const) {
      assert.ok(markdownReport(exampleReport(), undefined, name).includes(`fine-prune run ${word}`), name);
    }
  });
});

describe('a summary of reports', function () {
  this.timeout(60_000);
  const part = (name: string, report: DefenseReport | null = exampleReport()): SummaryPart => ({
    name,
    report,
    issues: report ? issuesOf(report) : [],
    comparison: report && compareReports(exampleReport(), report),
    lead: 'Passed: measured again.',
  });

  it('has everything of one report, what was found before its verdict', () => {
    const text = stepSummary([part('a')]);
    assert.ok(
      text.indexOf('## Defense report: a') < text.indexOf('Passed: measured again.') &&
        text.indexOf('Passed: measured') < text.indexOf('Not mitigated'),
    );
    for (const block of ['### Against `base`', '### Pruning curve', 'Confusion matrices'])
      assert.ok(text.includes(block), block);
    assert.ok(!text.includes('Not shown here'));
  });

  it('begins a comment with its marker, and leaves folded details to the summary', () => {
    const text = commentBody('mnist', [part('mnist')]);
    assert.ok(text.startsWith('<!-- fine-prune:report:mnist -->\n'));
    assert.ok(!text.includes('<details>'));
    assert.match(
      text,
      /_Not shown here: accuracy by class, the confusion matrices, .* and the settings\. The reports have all of it\._\n$/,
    );
  });

  it('has a marker that no name can break out of', () => {
    for (const name of ['a--b', '-->', '<b>', 'x'.repeat(10_000), '\uD800', 'a b/ü'])
      assert.match(commentMarker(name), /^<!-- fine-prune:report:(?!.*--.* -->)[\w.%-]{1,500} -->$/, name.slice(0, 20));
    assert.notEqual(commentMarker('a'), commentMarker('b'));
  });

  for (const [what, make, limit] of [
    ['summary', stepSummary, 2 ** 20],
    ['comment', (parts: SummaryPart[]) => commentBody('x', parts), 65_536],
  ] as const) {
    it(`stays below its limit, however many reports there are, and says what it left out (${what})`, () => {
      const one = part('r');
      for (const many of [1, 3, 20, 60, 3000]) {
        const text = make(Array.from({ length: many }, (_, at) => ({ ...one, name: `r${at}` })));
        assert.ok(Buffer.byteLength(text) < limit && text.length < limit, `${many}: ${text.length}`);
        assert.ok(text.endsWith('\n') && text.includes('Not mitigated'));
        if (many >= 60 && what === 'comment') assert.match(text, /Not shown here|left out for want of room/);
      }
      assert.match(
        make(Array.from({ length: 30_000 }, () => one)),
        /… and [\d,]+ more reports, left out for want of room/,
      );
    });
  }

  it('says so of a report that is not there', () => {
    assert.match(
      stepSummary([{ ...part('gone', null), comparison: compareReports(exampleReport(), null) }]),
      /## Defense report: gone\n\nPassed: measured again\.\n\n\*\*Deleted\.\*\* The report was deleted\. It said: not mitigated, clean accuracy 99\.1 %, ASR 91\.6 %\./,
    );
  });

  it('is made from a report as a file has it', () => {
    assert.equal(stepSummary([part('a', readReport(textOf(exampleReport()), 'x'))]), stepSummary([part('a')]));
  });
});
