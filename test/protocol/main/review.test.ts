import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CodeAction, CodeLens, Hover, MarkupContent } from 'vscode-languageserver-protocol';
import { ACCEPT_FINDING_REQUEST, type AcceptFindingResult } from '../../../server/protocol/messages/lsp';
import type { DefenseReport } from '../../../server/protocol/report/report';
import type { DefenseReview } from '../../../server/protocol/report/review';
import { uriOf } from '../language-client';
import { codes, exampleIn, lineOf, LINES, ReviewServer, TEXT, words } from './review-support';

describe('review of a defense, by the language server', function () {
  this.timeout(60_000);
  const server = new ReviewServer('fp-review-');

  describe('on the text of the committed example', () => {
    let report: string;
    let uri: string;
    before(async () => {
      report = exampleIn(server.dir, 'text');
      uri = await server.client.open(report, TEXT, 'json');
    });

    it('puts the missed gate and each finding on its own line', async () => {
      const all = await server.client.diagnosed(uri, 'gate and findings', (found) =>
        codes(found).includes('gate.maxAttackSuccessRate'),
      );
      const { findings } = JSON.parse(TEXT) as DefenseReport;
      const at = (code: string) => all.find((one) => one.code === code)!.range;
      const gateLine = lineOf('{"id": "maxAttackSuccessRate"');
      assert.deepEqual(at('gate.maxAttackSuccessRate'), {
        start: { line: gateLine, character: LINES[gateLine]!.indexOf('{') },
        end: { line: gateLine, character: LINES[gateLine]!.indexOf('}') + 1 },
      });
      for (const { id } of findings) assert.equal(at(id).start.line, lineOf(`"id": "${id}"`) - 1, id);
      assert.equal(all.filter(({ severity }) => severity === 1).length, 1);
      assert.match(words(all.find(({ severity }) => severity === 1)!), /91\.6 %|92\.1 %/);
    });

    it('offers to accept what is open, and leads to the rendered view and to a comparison', async () => {
      const diagnostics = await server.client.diagnosed(uri, 'the gate', (found) =>
        codes(found).includes('gate.maxAttackSuccessRate'),
      );
      const gate = diagnostics.filter(({ code }) => code === 'gate.maxAttackSuccessRate');
      const actions = await server.client.at<CodeAction[]>('textDocument/codeAction', uri, {
        range: gate[0]!.range,
        context: { diagnostics: gate },
      });
      assert.deepEqual(
        actions.map(({ title, command }) => [title, command?.command, command?.arguments]),
        [
          [
            'Accept the missed gate maxAttackSuccessRate with a reason …',
            'finePrune.acceptFinding',
            [uri, 'gate.maxAttackSuccessRate'],
          ],
        ],
      );
      const lenses = await server.client.at<CodeLens[]>('textDocument/codeLens', uri);
      const config = uriOf(report.replace('.defense.', '.fineprune.'));
      assert.deepEqual(
        lenses.map(({ command }) => [command?.title, command?.command, command?.arguments]),
        [
          ['Open Report', 'finePrune.viewReport', [uri]],
          ['Compare with …', 'finePrune.compareReports', [uri]],
          ['Reproduce', 'finePrune.run', [config]],
        ],
      );
    });

    it('explains figures where they stand', async () => {
      const line = lineOf('{"id": "maxAttackSuccessRate"');
      const hover = await server.client.at<Hover>('textDocument/hover', uri, {
        position: { line, character: LINES[line]!.indexOf('"judged"') + 3 },
      });
      assert.match((hover.contents as MarkupContent).value, /limit 5 %/);
      assert.match((hover.contents as MarkupContent).value, /missed/);
    });

    it('calls it stale at the model when one byte of the weights is another', async () => {
      const own = exampleIn(server.dir, 'stale');
      const stale = await server.client.open(own, TEXT, 'json');
      const line = LINES.findIndex((one, at) => one.includes('"before"') && at > lineOf('"model": {'));
      const fresh = await server.client.diagnosed(stale, 'the gate', (found) =>
        codes(found).includes('gate.maxAttackSuccessRate'),
      );
      assert.ok(!fresh.some((one) => words(one).includes('the model changed')), JSON.stringify(fresh));
      const weights = path.join(path.dirname(own), 'weights.bin');
      const bytes = readFileSync(weights);
      bytes[4711]! ^= 1;
      writeFileSync(weights, bytes);
      server.client.diagnostics.delete(stale);
      await server.client.filesChanged(weights);
      const all = await server.client.diagnosed(stale, 'stale', (found) =>
        found.some((one) => one.code === 'report.stale' && words(one).includes('the model changed')),
      );
      assert.equal(all.find((one) => words(one).includes('the model changed'))!.range.start.line, line);
      const result = await server.read(stale);
      assert.ok(result.ok && result.view.changed?.includes('the model'), JSON.stringify(result).slice(0, 300));
    });

    it('says where a text stops being a report, and takes it back when it is one again', async () => {
      const own = await server.client.open(exampleIn(server.dir, 'typing'), TEXT, 'json');
      await server.client.change(own, 2, TEXT.slice(0, TEXT.indexOf('"gates"')));
      const [broken, ...more] = await server.client.diagnosed(own, 'a broken report', (all) =>
        all.some(({ code }) => String(code).startsWith('report.')),
      );
      assert.deepEqual([more.length, broken!.code, broken!.severity], [0, 'report.syntax', 1]);
      await server.client.change(own, 3, TEXT);
      await server.client.diagnosed(own, 'the gate', (found) => codes(found).includes('gate.maxAttackSuccessRate'));
    });
  });

  describe('accepting a finding', () => {
    it('writes one decision with the author whom git names, and a second one beside it', async () => {
      const report = exampleIn(server.dir, 'accept');
      const first = await server.accept(report);
      assert.ok(first.ok, JSON.stringify(first));
      const second = await server.accept(report, {
        reviewText: first.text,
        finding: 'pruned-all-dead',
        reason: 'Known',
        expires: '2999-12-31',
      });
      assert.ok(second.ok, JSON.stringify(second));
      const { decisions } = JSON.parse(second.text) as DefenseReview;
      assert.deepEqual(
        decisions.map(({ finding, author, reason, expires }) => [finding, author, reason, expires]).sort(),
        [
          ['gate.maxAttackSuccessRate', 'Ada Reviewer <ada@example.org>', 'For the demo only', undefined],
          ['pruned-all-dead', 'Ada Reviewer <ada@example.org>', 'Known', '2999-12-31'],
        ],
      );
      const kept = first.text
        .split('\n')
        .find((line) => line.includes('gate.maxAttackSuccessRate'))!
        .replace(/,$/, '');
      assert.ok(second.text.includes(kept));
    });

    it('turns the diagnostic into information, which says who and why', async () => {
      const report = exampleIn(server.dir, 'accepted');
      const uri = await server.client.open(report, TEXT, 'json');
      await server.client.diagnosed(uri, 'the gate', (found) => codes(found).includes('gate.maxAttackSuccessRate'));
      const result = await server.accept(report);
      assert.ok(result.ok);
      const review = report.replace('.defense.json', '.defense-review.json');
      writeFileSync(review, result.text);
      server.client.diagnostics.delete(uri);
      await server.client.filesChanged(review);
      const all = await server.client.diagnosed(uri, 'accepted', (found) =>
        found.some(({ code, severity }) => code === 'gate.maxAttackSuccessRate' && severity === 3),
      );
      assert.match(
        words(all.find(({ code }) => code === 'gate.maxAttackSuccessRate')!),
        /^Accepted by Ada Reviewer on .*“For the demo only”/,
      );
      // The board of configs and models looks at the same files: what it has to say of a model must not take the report's place.
      const model = await server.client.open(path.join(path.dirname(report), 'model.json'), undefined, 'json');
      await server.client.diagnosed(model, 'a first look', () => true);
      server.client.diagnostics.delete(model);
      await server.client.filesChanged(review);
      await server.client.diagnosed(model, 'another look', () => true);
      await server.read(uri);
      assert.ok(server.client.diagnostics.get(uri)?.length, 'the diagnostics of the report are gone');
      rmSync(review);
      server.client.diagnostics.delete(uri);
      await server.client.filesChanged(review);
      await server.client.diagnosed(uri, 'open again', (found) =>
        found.some(({ code, severity }) => code === 'gate.maxAttackSuccessRate' && severity === 1),
      );
    });

    it('refuses what the report does not have, no reason, and a day that is none', async () => {
      const report = exampleIn(server.dir, 'refused');
      for (const [more, code] of [
        [{ finding: 'gate.maxAccuracyDrop' }, 'review.noSuchIssue'],
        [{ reason: ' ' }, 'review.field'],
        [{ expires: '2999-02-30' }, 'review.field'],
        [{ expires: '1999-01-01' }, 'review.field'],
      ] as const) {
        const result = await server.accept(report, more);
        assert.deepEqual([result.ok, !result.ok && result.failure.code], [false, code], JSON.stringify(more));
      }
      const away = await server.client.connection.sendRequest<AcceptFindingResult>(ACCEPT_FINDING_REQUEST, {
        reportUri: 'git:/x.defense.json',
        reportText: TEXT,
        reviewText: null,
        finding: 'pruned-all-dead',
        reason: 'x',
      });
      assert.ok(!away.ok && away.failure.code === 'review.notAFile');
    });

    it('says what to do where git knows no name', async () => {
      const nobody = await server.startForNobody();
      try {
        const result = await server.accept(exampleIn(server.dir, 'nobody'), {}, nobody);
        assert.ok(!result.ok);
        assert.equal(result.failure.code, 'review.noAuthor');
        assert.match(result.failure.todo ?? '', /git config user\.name/);
      } finally {
        await nobody.stop();
      }
    });
  });
});
