import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startEngine } from '../../server/jobs/engine-process';
import { markdownReport } from '../../server/engine/report/markdown/markdown';
import { serialiseReport } from '../../server/engine/report/json/serialise';
import type { DefenseReport } from '../../server/protocol/report/report';
import { sha256 } from '../../server/engine/files/hash';
import { trained } from '../fixtures/trained';
import { built } from '../harness/built';
import { demoConfig, makeDemo } from './demo-folder';

export const ROOT = path.resolve(__dirname, '../..');

/** How a program ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Git and the command line get nothing of the person's own settings. */
const ENVIRONMENT: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(GIT_|FINE_PRUNE_TEST)/.test(name))),
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada Author',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada Author',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
};

/** Runs a program to its end. */
export function command(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Ended {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    env: { ...ENVIRONMENT, ...env },
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (error) throw error;
  return { code: status, stdout, stderr };
}

/** Arguments for Node that run the command line, from whatever folder. */
export const CLI = [built('cli')];

/** What a repository is made by and of, beside the engine. */
const SOURCES = [
  __filename,
  ...['demo-folder', '../fixtures/mnist'].map((name) => require.resolve(path.join(__dirname, name))),
  ...['model.json', 'weights.bin'].map((name) => path.join(ROOT, 'examples/mnist-badnets', name)),
];

/** A git repository with a model, its config, data and report, as a team would have it. */
export class ReviewRepo {
  /** Folder with everything that belongs to the model; its name has a space and more. */
  readonly folder: string;

  constructor(readonly dir: string) {
    this.folder = path.join(dir, 'my models #1 (ünïcode)');
  }

  /** The demo model with a few images of MNIST, defended for real, in the first commit. */
  static async make(dir: string, more = '"backend": "wasm"'): Promise<ReviewRepo> {
    await trained(dir, { more }, SOURCES, async (made) => {
      const repo = new ReviewRepo(made);
      await makeDemo(made, { train: 600, test: 400 }, demoConfig(more));
      repo.git('init', '--quiet', '--initial-branch=main');
      await repo.defend();
      repo.commit('base');
    });
    return new ReviewRepo(dir);
  }

  /** A copy to change. */
  copy(dir: string): ReviewRepo {
    cpSync(this.dir, dir, { recursive: true });
    return new ReviewRepo(dir);
  }

  git(...args: string[]): string {
    const { code, stdout, stderr } = command('git', args, this.dir);
    if (code !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** @returns id of the commit */
  commit(message: string): string {
    this.git('add', '--all');
    this.git('commit', '--quiet', '--allow-empty', '-m', message);
    return this.git('rev-parse', 'HEAD').trim();
  }

  file(name: string): string {
    return path.join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.file(name), 'utf8');
  }

  write(name: string, text: string | Uint8Array): void {
    mkdirSync(path.dirname(this.file(name)), { recursive: true });
    writeFileSync(this.file(name), text);
  }

  report(): DefenseReport {
    return JSON.parse(this.read('demo.defense.json')) as DefenseReport;
  }

  /** Writes a report and its Markdown, as they would be committed. */
  writeReport(report: DefenseReport): void {
    this.write('demo.defense.json', serialiseReport(report));
    this.write('demo.defense.md', markdownReport(report, undefined, 'demo'));
  }

  /** Runs the defense for real, once for the same config, model and images: a run gives the same bytes each time. */
  async defend(config?: string): Promise<DefenseReport> {
    if (config !== undefined) this.write('demo.fineprune.json', config);
    const data = readdirSync(this.file('data')).map((name) => path.join('data', name));
    const inputs = ['demo.fineprune.json', 'model.json', 'weights.bin', ...data].map((name) => [
      name,
      sha256(readFileSync(this.file(name))),
    ]);
    rmSync(this.file('demo.defended'), { recursive: true, force: true });
    await trained(this.folder, inputs, SOURCES, async (made) => {
      const { report } = await startEngine(
        { config: this.file('demo.fineprune.json'), root: this.dir, allowedFolders: [] },
        { onEvent: () => undefined, signal: new AbortController().signal, workerPath: built('worker') },
      );
      this.writeReport(report);
      for (const name of ['demo.defense.json', 'demo.defense.md', ...(report.repaired ? ['demo.defended'] : [])])
        cpSync(this.file(name), path.join(made, name), { recursive: true });
    });
    return this.report();
  }

  /** `fine-prune` in the repository's root. */
  cli(...args: string[]): Ended {
    return command(process.execPath, [...CLI, ...args], this.dir);
  }

  /** `fine-prune check … --json`, its answer and exit code. */
  check(...args: string[]): { code: number | null; answer: CheckAnswer; stderr: string } {
    const { code, stdout, stderr } = this.cli('check', '--json', ...args);
    try {
      return { code, answer: JSON.parse(stdout) as CheckAnswer, stderr };
    } catch {
      throw new Error(`no JSON (exit ${code}): ${stdout.slice(0, 500)}\n${stderr}`);
    }
  }
}

export interface CheckAnswer {
  passed: boolean;
  asked: string;
  base: { ref: string; commit: string } | null;
  reports: import('../../server/protocol/report/review').CheckedReport[];
  results: import('../../server/protocol/report/review').CheckResult[];
  failure?: { code: string; message: string };
}
