// JSON schemas are made from the types in server/protocol, so that types, validation, hovers and completion cannot disagree.
import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';

const root = fileURLToPath(new URL('..', import.meta.url));
const jobs = [
  {
    path: 'server/protocol/config.ts',
    type: 'DefenseConfig',
    out: 'schemas/fineprune.schema.json',
    title: 'Fine-Prune defense config',
  },
  {
    path: 'server/protocol/report/report.ts',
    type: 'DefenseReport',
    out: 'schemas/defense-report.schema.json',
    title: 'Fine-Prune defense report',
  },
  {
    path: 'server/protocol/report/scan.ts',
    type: 'ScanReport',
    out: 'schemas/scan-report.schema.json',
    title: 'Fine-Prune scan for backdoors',
  },
  {
    path: 'server/protocol/report/review.ts',
    type: 'DefenseReview',
    out: 'schemas/defense-review.schema.json',
    title: 'Decisions about a Fine-Prune defense report',
  },
  {
    path: 'server/protocol/policy.ts',
    type: 'CheckPolicy',
    out: 'schemas/check-policy.schema.json',
    title: 'Policy for fine-prune check',
  },
];
const check = process.argv.includes('--check');
mkdirSync(`${root}schemas`, { recursive: true });
for (const { path, type, out, title } of jobs) {
  const schema = createGenerator({
    path: root + path,
    type,
    tsconfig: `${root}tsconfig.json`,
    additionalProperties: false,
    skipTypeCheck: true,
    topRef: false,
    expose: 'export',
  }).createSchema(type);
  const text = JSON.stringify({ title, ...schema }, null, 2) + '\n';
  if (check) {
    if (!existsSync(root + out) || readFileSync(root + out, 'utf8') !== text) {
      console.error(`${out} does not match ${path}: run "npm run schemas" and commit the result.`);
      process.exitCode = 1;
    }
  } else writeFileSync(root + out, text);
}
