import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CodeAction, CodeLens, Diagnostic, Hover, MarkupContent } from 'vscode-languageserver-protocol';
import {
  ACCEPT_FINDING_REQUEST,
  COMPARE_REPORTS_REQUEST,
  MODEL_TEXT_REQUEST,
  READ_REPORT_REQUEST,
  type AcceptFindingParams,
  type AcceptFindingResult,
  type CompareReportsResult,
  type ModelTextParams,
  type ModelTextResult,
  type ReadReportResult,
} from '../../../server/protocol/messages/lsp';
import type { DefenseReport } from '../../../server/protocol/report/report';
import type { DefenseReview } from '../../../server/protocol/report/review';
import { makeTempDir } from '../../harness/processes';
import { waitFor } from '../../harness/poll';
import { LanguageClient, uriOf } from '../language-client';

const EXAMPLE = path.resolve(__dirname, '../../../examples/mnist-badnets');
const NAME = 'mnist-badnets';
const TEXT = readFileSync(path.join(EXAMPLE, `${NAME}.defense.json`), 'utf8');
const LINES = TEXT.split('\n');
const GIT_ENV = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_CONFIG_COUNT: '2',
  GIT_CONFIG_KEY_0: 'user.name',
  GIT_CONFIG_VALUE_0: 'Ada Reviewer',
  GIT_CONFIG_KEY_1: 'user.email',
  GIT_CONFIG_VALUE_1: 'ada@example.org',
};

/** The committed example without its data, in a folder of its own. @returns its report */
function exampleIn(parent: string, name: string): string {
  const folder = path.join(parent, name);
  mkdirSync(folder);
  for (const file of ['model.json', 'weights.bin', `${NAME}.fineprune.json`, `${NAME}.defense.json`])
    copyFileSync(path.join(EXAMPLE, file), path.join(folder, file));
  return path.join(folder, `${NAME}.defense.json`);
}

/** The example's report with something else in it. */
function altered(change: (report: DefenseReport) => void): string {
  const report = JSON.parse(TEXT) as DefenseReport;
  change(report);
  return JSON.stringify(report, null, 2);
}

const lineOf = (part: string): number => LINES.findIndex((line) => line.includes(part));
/** Messages may be Markdown by the protocol; ours are text. */
const words = ({ message }: Diagnostic): string => String(message);
const codes = (all: readonly Diagnostic[]): unknown[] => all.map(({ code }) => code);

/** Runs with an environment that the server inherits. */
async function withEnv<T>(env: Record<string, string>, work: () => Promise<T>): Promise<T> {
  const before = Object.fromEntries(Object.keys(env).map((key) => [key, process.env[key]]));
  Object.assign(process.env, env);
  try {
    return await work();
  } finally {
    for (const [key, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
  }
}

describe('review of a defense, by the language server', function () {
  this.timeout(60_000);
  const temp = makeTempDir('fp-review-');
  let client: LanguageClient;

  before(async () => {
    client = await withEnv(GIT_ENV, () => LanguageClient.start([temp.dir]));
  });
  after(async () => {
    await client.stop();
    await temp.remove();
  });

  const read = (uri: string, text = TEXT, reviewText?: string) =>
    client.connection.sendRequest<ReadReportResult>(READ_REPORT_REQUEST, {
      uri,
      text,
      ...(reviewText !== undefined && { reviewText }),
    });
  const compare = (base: string | null, head: string | null) =>
    client.connection.sendRequest<CompareReportsResult>(COMPARE_REPORTS_REQUEST, {
      base: base === null ? null : { label: 'HEAD', text: base },
      head: head === null ? null : { label: 'working tree', text: head },
    });
  const accept = (report: string, more: Partial<AcceptFindingParams> = {}, by = client) =>
    by.connection.sendRequest<AcceptFindingResult>(ACCEPT_FINDING_REQUEST, {
      reportUri: uriOf(report),
      reportText: TEXT,
      reviewText: null,
      finding: 'gate.maxAttackSuccessRate',
      reason: 'For the demo only',
      ...more,
    } satisfies AcceptFindingParams);

  describe('on the text of the committed example', () => {
    let report: string;
    let uri: string;
    before(async () => {
      report = exampleIn(temp.dir, 'text');
      uri = await client.open(report, TEXT, 'json');
    });

    it('puts the missed gate and each finding on its own line', async () => {
      const all = await client.diagnosed(uri, 'gate and findings', (found) =>
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
      const diagnostics = await client.diagnosed(uri, 'the gate', (found) =>
        codes(found).includes('gate.maxAttackSuccessRate'),
      );
      const gate = diagnostics.filter(({ code }) => code === 'gate.maxAttackSuccessRate');
      const actions = await client.at<CodeAction[]>('textDocument/codeAction', uri, {
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
      const lenses = await client.at<CodeLens[]>('textDocument/codeLens', uri);
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
      const hover = await client.at<Hover>('textDocument/hover', uri, {
        position: { line, character: LINES[line]!.indexOf('"judged"') + 3 },
      });
      assert.match((hover.contents as MarkupContent).value, /limit 5 %/);
      assert.match((hover.contents as MarkupContent).value, /missed/);
    });

    it('calls it stale at the model when one byte of the weights is another', async () => {
      const own = exampleIn(temp.dir, 'stale');
      const stale = await client.open(own, TEXT, 'json');
      const line = LINES.findIndex((one, at) => one.includes('"before"') && at > lineOf('"model": {'));
      const fresh = await client.diagnosed(stale, 'the gate', (found) =>
        codes(found).includes('gate.maxAttackSuccessRate'),
      );
      assert.ok(!fresh.some((one) => words(one).includes('the model changed')), JSON.stringify(fresh));
      const weights = path.join(path.dirname(own), 'weights.bin');
      const bytes = readFileSync(weights);
      bytes[4711]! ^= 1;
      writeFileSync(weights, bytes);
      client.diagnostics.delete(stale);
      await client.filesChanged(weights);
      const all = await client.diagnosed(stale, 'stale', (found) =>
        found.some((one) => one.code === 'report.stale' && words(one).includes('the model changed')),
      );
      assert.equal(all.find((one) => words(one).includes('the model changed'))!.range.start.line, line);
      const result = await read(stale);
      assert.ok(result.ok && result.view.changed?.includes('the model'), JSON.stringify(result).slice(0, 300));
    });

    it('says where a text stops being a report, and takes it back when it is one again', async () => {
      const own = await client.open(exampleIn(temp.dir, 'typing'), TEXT, 'json');
      await client.change(own, 2, TEXT.slice(0, TEXT.indexOf('"gates"')));
      const [broken, ...more] = await client.diagnosed(own, 'a broken report', (all) =>
        all.some(({ code }) => String(code).startsWith('report.')),
      );
      assert.deepEqual([more.length, broken!.code, broken!.severity], [0, 'report.syntax', 1]);
      await client.change(own, 3, TEXT);
      await client.diagnosed(own, 'the gate', (found) => codes(found).includes('gate.maxAttackSuccessRate'));
    });
  });

  describe('for the rendered view', () => {
    it('reads a file with its decisions, and a revision with those that it is given', async () => {
      const report = exampleIn(temp.dir, 'view');
      const open = await read(uriOf(report));
      assert.ok(open.ok);
      assert.deepEqual(
        [open.view.report.verdict.word, open.view.issues[0]!.id, open.view.issues[0]!.status],
        ['not mitigated', 'gate.maxAttackSuccessRate', 'open'],
      );
      const accepted = await accept(report);
      assert.ok(accepted.ok);
      writeFileSync(report.replace('.defense.json', '.defense-review.json'), accepted.text);
      const decided = await read(uriOf(report));
      assert.ok(decided.ok);
      assert.equal(decided.view.issues[0]!.status, 'accepted');
      const elsewhere = `git:${report}?${encodeURIComponent(JSON.stringify({ path: report, ref: 'HEAD' }))}`;
      for (const [reviewText, status] of [
        [undefined, 'open'],
        [accepted.text, 'accepted'],
      ] as const) {
        const at = await read(elsewhere, TEXT, reviewText);
        assert.ok(at.ok, JSON.stringify(at));
        assert.deepEqual([at.view.issues[0]!.status, at.view.changed], [status, null]);
      }
    });

    const NASTY = '<img src=x onerror=alert(1)> | `x` [y](javascript:alert(1))';
    const hostile: [string, string, string][] = [
      ['nothing', '', 'report.empty'],
      ['half of a report', TEXT.slice(0, TEXT.length / 2), 'report.syntax'],
      ['another version', altered((report) => Object.assign(report, { schemaVersion: 2 })), 'report.version'],
      ['NaN for a figure', TEXT.replace('"judged": 0.921085', '"judged": NaN'), 'report.syntax'],
      ['a share above 1', TEXT.replace('"judged": 0.921085', '"judged": 1e3'), 'report.figure'],
      ['a hundred thousand brackets', '['.repeat(100_000), 'report.tooDeep'],
      ['another JSON file', '{"name": "x"}', 'report.notAReport'],
      ['more than 64 MB', `${' '.repeat(64 << 20)}${TEXT}`, 'report.tooLarge'],
    ];
    for (const [what, text, code] of hostile) {
      it(`refuses ${what} in one sentence`, async () => {
        const result = await read(uriOf(path.join(temp.dir, 'x.defense.json')), text);
        assert.ok(!result.ok);
        assert.deepEqual([result.failure.kind, result.failure.code], ['input', code]);
        assert.ok(result.failure.message.length < 500, result.failure.message.slice(0, 600));
      });
    }

    it('hands on hostile words as they are, for the page to show as text', async () => {
      const result = await read(
        uriOf(path.join(temp.dir, 'x.defense.json')),
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

  describe('accepting a finding', () => {
    it('writes one decision with the author whom git names, and a second one beside it', async () => {
      const report = exampleIn(temp.dir, 'accept');
      const first = await accept(report);
      assert.ok(first.ok, JSON.stringify(first));
      const second = await accept(report, {
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
      const report = exampleIn(temp.dir, 'accepted');
      const uri = await client.open(report, TEXT, 'json');
      await client.diagnosed(uri, 'the gate', (found) => codes(found).includes('gate.maxAttackSuccessRate'));
      const result = await accept(report);
      assert.ok(result.ok);
      const review = report.replace('.defense.json', '.defense-review.json');
      writeFileSync(review, result.text);
      client.diagnostics.delete(uri);
      await client.filesChanged(review);
      const all = await client.diagnosed(uri, 'accepted', (found) =>
        found.some(({ code, severity }) => code === 'gate.maxAttackSuccessRate' && severity === 3),
      );
      assert.match(
        words(all.find(({ code }) => code === 'gate.maxAttackSuccessRate')!),
        /^Accepted by Ada Reviewer on .*“For the demo only”/,
      );
      // The board of configs and models looks at the same files: what it has to say of a model must not take the report's place.
      const model = await client.open(path.join(path.dirname(report), 'model.json'), undefined, 'json');
      await client.diagnosed(model, 'a first look', () => true);
      client.diagnostics.delete(model);
      await client.filesChanged(review);
      await client.diagnosed(model, 'another look', () => true);
      await read(uri);
      assert.ok(client.diagnostics.get(uri)?.length, 'the diagnostics of the report are gone');
      rmSync(review);
      client.diagnostics.delete(uri);
      await client.filesChanged(review);
      await client.diagnosed(uri, 'open again', (found) =>
        found.some(({ code, severity }) => code === 'gate.maxAttackSuccessRate' && severity === 1),
      );
    });

    it('refuses what the report does not have, no reason, and a day that is none', async () => {
      const report = exampleIn(temp.dir, 'refused');
      for (const [more, code] of [
        [{ finding: 'gate.maxAccuracyDrop' }, 'review.noSuchIssue'],
        [{ reason: ' ' }, 'review.field'],
        [{ expires: '2999-02-30' }, 'review.field'],
        [{ expires: '1999-01-01' }, 'review.field'],
      ] as const) {
        const result = await accept(report, more);
        assert.deepEqual([result.ok, !result.ok && result.failure.code], [false, code], JSON.stringify(more));
      }
      const away = await client.connection.sendRequest<AcceptFindingResult>(ACCEPT_FINDING_REQUEST, {
        reportUri: 'git:/x.defense.json',
        reportText: TEXT,
        reviewText: null,
        finding: 'pruned-all-dead',
        reason: 'x',
      });
      assert.ok(!away.ok && away.failure.code === 'review.notAFile');
    });

    it('says what to do where git knows no name', async () => {
      const nobody = await withEnv({ ...GIT_ENV, GIT_CONFIG_COUNT: '0' }, () => LanguageClient.start([temp.dir]));
      try {
        const result = await accept(exampleIn(temp.dir, 'nobody'), {}, nobody);
        assert.ok(!result.ok);
        assert.equal(result.failure.code, 'review.noAuthor');
        assert.match(result.failure.todo ?? '', /git config user\.name/);
      } finally {
        await nobody.stop();
      }
    });
  });

  describe('a model as text', () => {
    const json = new Uint8Array(readFileSync(path.join(EXAMPLE, 'model.json')));
    const weights = new Uint8Array(readFileSync(path.join(EXAMPLE, 'weights.bin')));
    const ask = (more: Partial<ModelTextParams>) =>
      client.connection.sendRequest<ModelTextResult>(MODEL_TEXT_REQUEST, {
        name: 'model.json',
        json,
        shards: null,
        ...more,
      } satisfies ModelTextParams);
    const textOf = async (bytes: Uint8Array | null): Promise<string> => {
      const result = await ask({ shards: [{ path: 'weights.bin', bytes }] });
      assert.ok(result.ok && 'text' in result, JSON.stringify(result));
      return result.text;
    };

    it('asks for the weight files, then says layers, zeroed units and tensors, the same each time', async () => {
      assert.deepEqual(await ask({}), { ok: true, needs: ['weights.bin'] });
      const text = await textOf(weights);
      for (const part of ['Layers', 'dense_1', 'Zeroed units', 'Tensors', 'sha256'])
        assert.ok(text.includes(part), part);
      assert.equal(await textOf(weights), text);
    });

    it('differs in the line of the tensor whose byte differs', async () => {
      const other = weights.slice();
      other[4711]! ^= 1;
      const [one, two] = [(await textOf(weights)).split('\n'), (await textOf(other)).split('\n')];
      assert.equal(one.length, two.length);
      assert.equal(one.filter((line, at) => line !== two[at]).length, 1);
    });

    it('says when a weight file is missing, and refuses what is no model', async () => {
      assert.match(await textOf(null), /Weights not read: weights\.bin is missing/);
      const result = await ask({ json: new TextEncoder().encode('{"a": 1}') });
      assert.ok(!result.ok && result.failure.kind === 'input', JSON.stringify(result));
    });
  });

  it('is still there after all of this', async () => {
    await waitFor('the server', () => client.server.exitCode === null);
    assert.ok((await read(uriOf(path.join(temp.dir, 'x.defense.json')))).ok);
  });
});
