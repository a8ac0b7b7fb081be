import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { readPolicy } from '../../../server/cli/check/policy';
import { serialiseScan } from '../../../server/engine/report/json/serialise';
import { readReport } from '../../../server/engine/report/json/read-report';
import { readScan } from '../../../server/engine/report/json/read-scan';
import { addDecision, readReview, reviewedIssues } from '../../../server/engine/report/review/review';
import { scanMarkdown } from '../../../server/language/scan/text';
import { must, textOf, type Kind, type Opened } from '../case';
import { beside, checked } from './report';

/** The result of a scan. */
export const scan: Kind = {
  name: 'scan',
  weight: 3,
  make: (chance, corpus) =>
    beside(
      chance,
      corpus,
      'small.scan.json',
      `${chance.pick(['scans/suspicious', 'scans/known', 'scans/unknown', 'former/model'])}.scan.json`,
    ),
  readers: {
    read({ file }) {
      const found = readScan(readFileSync(file, 'utf8'), file);
      const again = readScan(serialiseScan(found), file);
      must(
        isDeepStrictEqual(JSON.parse(JSON.stringify(again)), JSON.parse(JSON.stringify(found))),
        'a scan that is written is read as the same scan',
      );
      scanMarkdown(found);
      return found.scan.word;
    },
  },
  commands: [() => ['check'], () => ['run', 'small.fineprune.json', '--report-only', '--backend', 'wasm']],
  language: 'json',
};

/** Decisions of reviewers. */
export const review: Kind = {
  name: 'review',
  weight: 2,
  make: (chance, corpus) => beside(chance, corpus, 'small.defense-review.json', 'former/known.defense-review.json'),
  readers: { read: decide, check },
  commands: [() => ['check'], () => ['report', 'small.defense.json', '--format', 'json']],
  language: 'json',
};

/** Every list of decisions that is read takes another one, and is read again with it. */
function decide({ file, corpus }: Opened): string {
  const text = readFileSync(file, 'utf8');
  const { decisions } = readReview(text, file);
  const report = readReport(textOf(corpus, 'former/known.defense.json'), 'known');
  const issues = reviewedIssues(report, { schemaVersion: 2, decisions }, '2026-12-01');
  const open = issues[0];
  if (!open) return 'nothing to decide';
  const next = addDecision(text, report, { finding: open.id, reason: 'it is so', author: 'Ada', date: '2026-12-01' });
  const after = readReview(next, file).decisions;
  must(
    after.some(({ finding, reason }) => finding === open.id && reason === 'it is so'),
    'a decision that is added is read',
  );
  const kept = new Set(after.map((one) => JSON.stringify(one)));
  must(
    decisions.every((one) => one.finding === open.id || kept.has(JSON.stringify(one))),
    'decisions about other findings stay',
  );
  return `${decisions.length > 2 ? 'many' : decisions.length} decisions`;
}

async function check({ folder }: Opened): Promise<string> {
  const [only] = await checked(folder);
  return only!.result.passed ? 'passed' : 'failed';
}

/** The policy of a repository. */
export const policy: Kind = {
  name: 'policy',
  weight: 2,
  make: (chance, corpus) => beside(chance, corpus, 'policy.json', 'former/policy.json'),
  readers: {
    read: ({ file }) => String(readPolicy(readFileSync(file, 'utf8'), file).decisions?.length ?? 'no decisions'),
    async check({ folder, file }) {
      const [only] = await checked(folder, file);
      return only!.result.passed ? 'passed' : 'failed';
    },
  },
  commands: [(main) => ['check', '--policy', main]],
  language: 'json',
};
