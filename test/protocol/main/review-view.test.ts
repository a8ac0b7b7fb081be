import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { COMPARE_REPORTS_REQUEST, type CompareReportsResult } from '../../../server/protocol/messages/lsp';
import { waitFor } from '../../harness/poll';
import { uriOf } from '../language-client';
import { altered, exampleIn, ReviewServer, TEXT } from './review-support';

describe('reports for pages, by the language server', function () {
  this.timeout(60_000);
  const server = new ReviewServer('fp-review-view-');
  const compare = (base: string | null, head: string | null) =>
    server.client.connection.sendRequest<CompareReportsResult>(COMPARE_REPORTS_REQUEST, {
      base: base === null ? null : { label: 'HEAD', text: base },
      head: head === null ? null : { label: 'working tree', text: head },
    });

  describe('for the rendered view', () => {
    it('reads a file with its decisions, and a revision with those that it is given', async () => {
      const report = exampleIn(server.dir, 'view');
      const open = await server.read(uriOf(report));
      assert.ok(open.ok);
      assert.deepEqual(
        [open.view.report.verdict.word, open.view.issues[0]!.id, open.view.issues[0]!.status],
        ['not mitigated', 'gate.maxAttackSuccessRate', 'open'],
      );
      const accepted = await server.accept(report);
      assert.ok(accepted.ok);
      writeFileSync(report.replace('.defense.json', '.defense-review.json'), accepted.text);
      const decided = await server.read(uriOf(report));
      assert.ok(decided.ok);
      assert.equal(decided.view.issues[0]!.status, 'accepted');
      const elsewhere = `git:${report}?${encodeURIComponent(JSON.stringify({ path: report, ref: 'HEAD' }))}`;
      for (const [reviewText, status] of [
        [undefined, 'open'],
        [accepted.text, 'accepted'],
      ] as const) {
        const at = await server.read(elsewhere, TEXT, reviewText);
        assert.ok(at.ok, JSON.stringify(at));
        assert.deepEqual([at.view.issues[0]!.status, at.view.changed], [status, null]);
      }
    });

    const NASTY = '<img src=x onerror=alert(1)> | `x` [y](javascript:alert(1))';
    const hostile: [string, string, string][] = [
      ['nothing', '', 'report.empty'],
      ['half of a report', TEXT.slice(0, TEXT.length / 2), 'report.syntax'],
      ['another version', altered((report) => Object.assign(report, { schemaVersion: 3 })), 'report.version'],
      ['NaN for a figure', TEXT.replace('"judged": 0.921085', '"judged": NaN'), 'report.syntax'],
      ['a share above 1', TEXT.replace('"judged": 0.921085', '"judged": 1e3'), 'report.figure'],
      ['a hundred thousand brackets', '['.repeat(100_000), 'report.tooDeep'],
      ['another JSON file', '{"name": "x"}', 'report.notAReport'],
      ['more than 8 MB', `${' '.repeat(8 << 20)}${TEXT}`, 'report.tooLarge'],
    ];
    for (const [what, text, code] of hostile) {
      it(`refuses ${what} in one sentence`, async () => {
        const result = await server.read(uriOf(path.join(server.dir, 'x.defense.json')), text);
        assert.ok(!result.ok);
        assert.deepEqual([result.failure.kind, result.failure.code], ['input', code]);
        assert.ok(result.failure.message.length < 500, result.failure.message.slice(0, 600));
      });
    }

    it('hands on hostile words as they are, for the page to show as text', async () => {
      const result = await server.read(
        uriOf(path.join(server.dir, 'x.defense.json')),
        altered((report) => (report.findings[0]!.message = NASTY)),
      );
      assert.ok(result.ok);
      assert.equal(result.view.issues.find(({ pointer }) => pointer === '/findings/0')!.message, NASTY);
    });
  });

  describe('comparing', () => {
    it('finds one report the same as itself', async () => {
      const result = await compare(TEXT, TEXT);
      assert.ok(result.ok);
      assert.deepEqual([result.comparison.direction, result.comparison.settings], ['same', []]);
    });

    it('names the setting that differs', async () => {
      const result = await compare(
        TEXT,
        altered(({ provenance }) => Object.assign(provenance.config.fineTune, { epochs: 3 })),
      );
      assert.ok(result.ok, JSON.stringify(result).slice(0, 300));
      assert.ok(
        result.comparison.settings.some((one) => one.path === 'fineTune.epochs' && one.base === 2 && one.head === 3),
        JSON.stringify(result.comparison.settings),
      );
    });

    it('takes a report that was added or deleted', async () => {
      for (const [base, head] of [
        [null, TEXT],
        [TEXT, null],
      ] as const) {
        const result = await compare(base, head);
        assert.ok(result.ok);
        assert.deepEqual(
          [result.comparison.base === null, result.comparison.head === null],
          [base === null, head === null],
        );
      }
    });

    it('says which side is broken', async () => {
      for (const [base, head, side] of [
        ['{', TEXT, 'base'],
        [TEXT, '{', 'head'],
      ] as const) {
        const result = await compare(base, head);
        assert.deepEqual([result.ok, !result.ok && result.side], [false, side]);
      }
    });
  });

  it('is still there after all of this', async () => {
    await waitFor('the server', () => server.client.server.exitCode === null);
    assert.ok((await server.read(uriOf(path.join(server.dir, 'x.defense.json')))).ok);
  });
});
