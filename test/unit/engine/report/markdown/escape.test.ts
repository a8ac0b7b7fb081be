import assert from 'node:assert/strict';
import MarkdownIt, { type Token } from 'markdown-it';
import { compareReports } from '../../../../../server/engine/report/compare/compare';
import { comparisonMarkdown } from '../../../../../server/engine/report/markdown/compare';
import { markdownReport } from '../../../../../server/engine/report/markdown/markdown';
import { commentBody, stepSummary } from '../../../../../server/engine/report/markdown/summary';
import { exampleReport } from '../../../../fixtures/example-report';
import { NASTY, withEveryText } from '../../../../fixtures/nasty-strings';
import { repairedReport } from '../../../../fixtures/repaired-report';
import { issuesOf } from './support';

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
