import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CodeAction, CodeLens, Diagnostic, Hover, MarkupContent } from 'vscode-languageserver-protocol';
import { READ_REPORT_REQUEST, type ReadReportResult } from '../../../server/protocol/messages/lsp';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../demo-folder';
import { Inspector } from '../inspector';
import { LanguageClient } from '../language-client';
import { CLI, command, type CheckAnswer } from '../review-repo';

const SAID =
  /^This report was made with settings from the command line: strategy fine-pruning \(config: auto\), seed 5 \(config: 0\)\. Running the config on its own may give a different result\.$/;
const codes = (all: readonly Diagnostic[]): unknown[] => all.map(({ code }) => code);
const settingsOf = (all: readonly Diagnostic[], code: string): Diagnostic => all.find((one) => one.code === code)!;

describe('a report that was made with settings from the command line', function () {
  this.timeout(400_000);
  const temp = makeTempDir('fp-run-settings-');
  let client: LanguageClient;
  let config: string;
  let report: string;
  let model: string;
  let uri: string;
  let verdict: string;
  let version = 1;

  const cli = (...args: string[]) => command(process.execPath, [...CLI, ...args], temp.dir);
  const run = (...flags: string[]): DefenseReport => {
    const { code, stderr } = cli('run', '--report-only', '--backend', 'wasm', ...flags, config);
    assert.equal(code, 0, stderr);
    return JSON.parse(readFileSync(report, 'utf8')) as DefenseReport;
  };
  const lens = async (of: string): Promise<string | undefined> =>
    (await client.at<CodeLens[]>('textDocument/codeLens', of)).find(
      ({ command: what }) => what?.command === 'finePrune.openReport',
    )?.command?.title;

  before(async () => {
    // A repair that needs no search for triggers, over a config that asks for all of them.
    config = await makeDemo(temp.dir, { train: 400, test: 300 }, demoConfig('"strategy": "auto"'));
    model = path.join(path.dirname(config), 'model.json');
    report = config.replace('.fineprune.', '.defense.');
    const made = run('--strategy', 'fine-pruning', '--seed', '5');
    verdict = `${made.verdict.word[0]!.toUpperCase()}${made.verdict.word.slice(1)}`;
    assert.deepEqual(
      made.provenance.overridden,
      ['strategy', 'seed'],
      'the engine that was chosen too is no such setting',
    );
    client = await LanguageClient.start([temp.dir]);
    uri = await client.open(config);
  });
  after(async () => {
    await client.stop();
    await temp.remove();
  });

  it('says so in the lens and in the Problems panel of its config, and is not stale', async () => {
    const all = await client.diagnosed(uri, 'the settings', (found) => codes(found).includes('result.settings'));
    const told = settingsOf(all, 'result.settings');
    assert.match(String(told.message), SAID);
    assert.deepEqual([told.severity, codes(all).includes('result.stale')], [2, false]);
    assert.match(
      readFileSync(config, 'utf8').split('\n')[told.range.start.line]!,
      /"strategy": "auto"/,
      'where the config says otherwise',
    );
    assert.ok(
      String(settingsOf(all, 'result.verdict').message).startsWith(
        `${verdict} with --strategy fine-pruning and --seed 5: `,
      ),
      JSON.stringify(all),
    );
    const title = await lens(uri);
    assert.ok(title?.startsWith(`${verdict} with --strategy fine-pruning and --seed 5 · clean accuracy `), title);
    const line = readFileSync(config, 'utf8')
      .split('\n')
      .findIndex((one) => one.includes('"trigger"'));
    const hover = await client.at<Hover>('textDocument/hover', uri, { position: { line, character: 4 } });
    assert.match(
      (hover.contents as MarkupContent).value,
      /Last run, `with --strategy fine-pruning and --seed 5`: ASR /,
    );
  });

  it('says so on the model, in the report’s text and hover, for the drawn report and in the inspector', async () => {
    const modelUri = await client.open(model, undefined, 'json');
    await client.diagnosed(modelUri, 'the verdict', (all) =>
      all.some((one) => String(one.message).startsWith(`${verdict} with --strategy fine-pruning and --seed 5: `)),
    );
    assert.ok((await lens(modelUri))?.startsWith(`${verdict} with --strategy fine-pruning and --seed 5 · `));

    const text = readFileSync(report, 'utf8');
    const lines = text.split('\n');
    const reportUri = await client.open(report, text, 'json');
    const told = settingsOf(
      await client.diagnosed(reportUri, 'the settings', (all) => codes(all).includes('report.settings')),
      'report.settings',
    );
    assert.match(String(told.message), SAID);
    assert.match(lines[told.range.start.line]!, /"config": \{/, 'the strategy of the recipe is not written there');
    const hover = await client.at<Hover>('textDocument/hover', reportUri, {
      position: { line: lines.findIndex((line) => line.includes('"configHash"')), character: 8 },
    });
    assert.match(
      (hover.contents as MarkupContent).value,
      /- `strategy` `fine-pruning`, in the config `auto` \(`--strategy fine-pruning`\)\n- `seed` `5`, in the config `0` \(`--seed 5`\)/,
    );

    const read = await client.connection.sendRequest<ReadReportResult>(READ_REPORT_REQUEST, { uri: reportUri, text });
    assert.ok(read.ok);
    assert.deepEqual(
      [read.view.changed, read.view.settings],
      [
        [],
        [
          { path: 'strategy', run: 'fine-pruning', config: 'auto', option: '--strategy fine-pruning' },
          { path: 'seed', run: '5', config: '0', option: '--seed 5' },
        ],
      ],
    );
    const elsewhere = await client.connection.sendRequest<ReadReportResult>(READ_REPORT_REQUEST, {
      uri: `git:${report}`,
      text,
    });
    assert.ok(elsewhere.ok);
    assert.deepEqual(
      [elsewhere.view.settings, elsewhere.view.report.provenance.overridden],
      [undefined, ['strategy', 'seed']],
    );
    assert.match(
      readFileSync(report.replace(/json$/, 'md'), 'utf8'),
      /Made with settings from the command line: `strategy fine-pruning`, `seed 5`\. Running the config on its own may give a different result\./,
    );

    const inspector = new Inspector(client, uri);
    const opened = await inspector.ask({ kind: 'open' });
    assert.deepEqual([opened.report?.settings, opened.strategy], ['with --strategy fine-pruning and --seed 5', 'auto']);
  });

  it('is told by check, with the settings and what the config has', () => {
    const {
      reports: [checked],
    } = JSON.parse(cli('check', '--json', report).stdout) as CheckAnswer;
    const found = checked!.results
      .filter(({ id }) => /^(config|stale\.config)/.test(id))
      .map(({ id, outcome }) => `${outcome} ${id}`);
    assert.deepEqual(found, ['warn config.overridden', 'pass config']);
    assert.match(
      checked!.results.find(({ id }) => id === 'config.overridden')!.message,
      /^The run had settings from its command line: strategy fine-pruning \(config: auto\), seed 5 \(config: 0\)\. /,
    );
    assert.match(
      checked!.results.find(({ id }) => id === 'config')!.message,
      /is the config of this report; its command line or editor chose the engine \(backend\)\.$/,
    );
  });

  it('is the report of its config as soon as the quick fix has written them there', async () => {
    const all = client.diagnostics.get(uri)!.filter(({ code }) => code === 'result.settings');
    const [fix] = await client.at<CodeAction[]>('textDocument/codeAction', uri, {
      range: all[0]!.range,
      context: { diagnostics: all },
    });
    assert.equal(fix?.title, 'Write these 2 settings into the config');
    const [edit] = fix.edit!.changes![uri]!;
    const lines = readFileSync(config, 'utf8').split('\n');
    const offset = ({ line, character }: { line: number; character: number }): number =>
      lines.slice(0, line).join('\n').length + (line > 0 ? 1 : 0) + character;
    const before = lines.join('\n');
    const edited = `${before.slice(0, offset(edit!.range.start))}${edit!.newText}${before.slice(offset(edit!.range.end))}`;
    const { strategy, seed } = JSON.parse(edited) as Record<string, unknown>;
    assert.deepEqual([strategy, seed], ['fine-pruning', 5]);

    writeFileSync(config, edited);
    await client.change(uri, ++version, edited);
    const now = await client.diagnosed(
      uri,
      'nothing but the verdict',
      (found) => codes(found).includes('result.verdict') && !codes(found).includes('result.settings'),
    );
    assert.ok(!codes(now).some((code) => /stale|settings/.test(String(code))), JSON.stringify(now));
    assert.ok((await lens(uri))?.startsWith(`${verdict} · clean accuracy `));
    const {
      reports: [checked],
    } = JSON.parse(cli('check', '--json', report).stdout) as CheckAnswer;
    assert.deepEqual(
      checked!.results
        .filter(({ id }) => /^(config|stale\.config)/.test(id))
        .map(({ id, outcome }) => `${outcome} ${id}`),
      ['pass config'],
    );
  });

  it('is stale as before when the config asks for anything else', async () => {
    const text = readFileSync(config, 'utf8').replace('"seed": 5', '"seed": 6');
    writeFileSync(config, text);
    await client.change(uri, ++version, text);
    const [stale] = (await client.diagnosed(uri, 'stale', (all) => codes(all).includes('result.stale'))).filter(
      ({ code }) => code === 'result.stale',
    );
    assert.match(String(stale!.message), /the config \(seed\) changed/);
    assert.match((await lens(uri)) ?? '', /\(stale: the config \(seed\) changed\)$/);
  });
});
