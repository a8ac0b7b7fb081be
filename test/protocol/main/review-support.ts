import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from 'vscode-languageserver-protocol';
import {
  ACCEPT_FINDING_REQUEST,
  READ_REPORT_REQUEST,
  type AcceptFindingParams,
  type AcceptFindingResult,
  type ReadReportResult,
} from '../../../server/protocol/messages/lsp';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { makeTempDir } from '../../harness/processes';
import { LanguageClient, uriOf } from '../language-client';

export const EXAMPLE = path.resolve(__dirname, '../../../examples/mnist-badnets');
const NAME = 'mnist-badnets';
export const TEXT = readFileSync(path.join(EXAMPLE, `${NAME}.defense.json`), 'utf8');
export const LINES = TEXT.split('\n');
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
export function exampleIn(parent: string, name: string): string {
  const folder = path.join(parent, name);
  mkdirSync(folder);
  for (const file of ['model.json', 'weights.bin', `${NAME}.fineprune.json`, `${NAME}.defense.json`])
    copyFileSync(path.join(EXAMPLE, file), path.join(folder, file));
  return path.join(folder, `${NAME}.defense.json`);
}

/** The example's report with something else in it. */
export function altered(change: (report: DefenseReport) => void): string {
  const report = JSON.parse(TEXT) as DefenseReport;
  change(report);
  return JSON.stringify(report, null, 2);
}

export const lineOf = (part: string): number => LINES.findIndex((line) => line.includes(part));
/** Messages may be Markdown by the protocol; ours are text. */
export const words = ({ message }: Diagnostic): string => String(message);
export const codes = (all: readonly Diagnostic[]): unknown[] => all.map(({ code }) => code);

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
/** A server for the tests of a suite, in a workspace without anything; git names an author to it. */
export class ReviewServer {
  client!: LanguageClient;
  private readonly temp: ReturnType<typeof makeTempDir>;

  constructor(prefix: string) {
    this.temp = makeTempDir(prefix);
    before(async () => {
      this.client = await this.startAs(GIT_ENV);
    });
    after(async () => {
      await this.client.stop();
      await this.temp.remove();
    });
  }

  /** The workspace. */
  get dir(): string {
    return this.temp.dir;
  }

  /** Another server of the same workspace, to which git names nobody. */
  startForNobody(): Promise<LanguageClient> {
    return this.startAs({ ...GIT_ENV, GIT_CONFIG_COUNT: '0' });
  }

  private startAs(env: Record<string, string>): Promise<LanguageClient> {
    return withEnv(env, () => LanguageClient.start([this.dir]));
  }

  read(uri: string, text = TEXT, reviewText?: string) {
    return this.client.connection.sendRequest<ReadReportResult>(READ_REPORT_REQUEST, {
      uri,
      text,
      ...(reviewText !== undefined && { reviewText }),
    });
  }

  accept(report: string, more: Partial<AcceptFindingParams> = {}, by = this.client) {
    return by.connection.sendRequest<AcceptFindingResult>(ACCEPT_FINDING_REQUEST, {
      reportUri: uriOf(report),
      reportText: TEXT,
      reviewText: null,
      finding: 'gate.maxAttackSuccessRate',
      reason: 'For the demo only',
      ...more,
    } satisfies AcceptFindingParams);
  }
}
