import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { addDecision } from '../../../server/engine/report/review/review';
import {
  ACCEPT_FINDING_REQUEST,
  READ_REPORT_REQUEST,
  type AcceptFindingParams,
  type AcceptFindingResult,
  type ReadReportResult,
} from '../../../server/protocol/messages/lsp';
import type { DefenseReport } from '../../../server/protocol/report/report';
import type { DefenseReview, ReviewedIssue } from '../../../server/protocol/report/review';
import { makeTempDir } from '../../harness/processes';
import { LanguageClient, uriOf } from '../language-client';
import { CLI, command, ROOT, type CheckAnswer } from '../review-repo';

const NAME = 'mnist-badnets';
const EXAMPLE = path.join(ROOT, 'examples', NAME);
const GATE = 'gate.maxAttackSuccessRate';
/** The first place on earth that has a new day, and the last: 25 hours apart, so always on different days. */
const [FIRST, LAST] = ['Pacific/Kiritimati', 'Pacific/Pago_Pago'];

const dayIn = (zone: string, at: number): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(at);

describe('the last day of a decision, in the time zones at both ends of the earth', function () {
  this.timeout(120_000);
  const temp = makeTempDir('fp-today-');
  after(() => temp.remove());

  // Half an hour for the test to be done before that day ends there; in the other place it is over by then in any case.
  const lastDay = dayIn(LAST, Date.now() + 1_800_000);
  let report: string;
  let text: string;
  before(() => {
    const folder = path.join(temp.dir, 'today');
    mkdirSync(folder);
    report = path.join(folder, `${NAME}.defense.json`);
    for (const file of ['model.json', 'weights.bin', `${NAME}.fineprune.json`, `${NAME}.defense.json`])
      copyFileSync(path.join(EXAMPLE, file), path.join(folder, file));
    text = readFileSync(report, 'utf8');
    const decision = {
      finding: GATE,
      reason: 'For the demo only',
      author: 'Ada',
      date: '2026-01-01',
      expires: lastDay,
    } as const;
    writeFileSync(
      path.join(folder, `${NAME}.defense-review.json`),
      addDecision(null, JSON.parse(text) as DefenseReport, decision),
    );
  });

  const gate = (issues: readonly ReviewedIssue[]): string => issues.find(({ id }) => id === GATE)!.status;

  for (const [zone, status] of [
    [FIRST, 'expired'],
    [LAST, 'accepted'],
  ] as const) {
    it(`is ${status === 'expired' ? 'over' : 'not over'} in ${zone}, for the editor as for the terminal`, async () => {
      const client = await LanguageClient.start([temp.dir], {
        env: {
          TZ: zone,
          GIT_CONFIG_COUNT: '2',
          GIT_CONFIG_KEY_0: 'user.name',
          GIT_CONFIG_VALUE_0: 'Ada',
          GIT_CONFIG_KEY_1: 'user.email',
          GIT_CONFIG_VALUE_1: 'a@example.org',
        },
      });
      try {
        const read = await client.connection.sendRequest<ReadReportResult>(READ_REPORT_REQUEST, {
          uri: uriOf(report),
          text,
        });
        assert.ok(read.ok);
        assert.equal(gate(read.view.issues), status, 'the rendered view');

        const uri = await client.open(report, text, 'json');
        const severity = status === 'accepted' ? 3 : 1;
        await client.diagnosed(uri, `a gate that is ${status}`, (all) =>
          all.some((one) => one.code === GATE && one.severity === severity),
        );

        const params: AcceptFindingParams = {
          reportUri: uriOf(report),
          reportText: text,
          reviewText: null,
          finding: 'pruned-all-dead',
          reason: 'Known',
        };
        const days = [dayIn(zone, Date.now())];
        const accepted = await client.connection.sendRequest<AcceptFindingResult>(ACCEPT_FINDING_REQUEST, params);
        days.push(dayIn(zone, Date.now()));
        assert.ok(accepted.ok, JSON.stringify(accepted));
        assert.ok(
          days.includes((JSON.parse(accepted.text) as DefenseReview).decisions[0]!.date),
          'a new decision is of the day that it is there',
        );
      } finally {
        await client.stop();
      }

      const cli = (...args: string[]): string =>
        command(process.execPath, [...CLI, ...args], path.dirname(report), { TZ: zone }).stdout;
      assert.equal(
        gate((JSON.parse(cli('check', '--json', report)) as CheckAnswer).reports[0]!.issues),
        status,
        'check',
      );
      assert.equal(
        gate((JSON.parse(cli('report', '--format', 'json', report)) as { issues: ReviewedIssue[] }).issues),
        status,
        'report',
      );
    });
  }
});
