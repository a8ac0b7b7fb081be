import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { formatOf } from '../../server/engine/model/formats/registry';
import { writeSubject } from './subject';

/** Whom to kill: the engine process, the command line that has started it, or both at the same moment. */
export type Who = 'engine' | 'cli' | 'both';

export interface Killed {
  /** Number of the operation, and what it was to do. */
  readonly at: string;
  readonly who: Who;
  /** What the command line said, if it lived. */
  readonly said: string;
}

const NAME = 'killed';

/** The hashes of a model's files, as reports name them. */
async function hashesOf(file: string): Promise<object> {
  return await (await formatOf(file)).hashes.ofFiles(file);
}

/** Runs of the real command line, one after the other in one folder, each killed in its writing; what lies there is checked after each. */
export class Chain {
  private seed = 0;

  private constructor(
    private readonly cli: string,
    private readonly config: string,
    private readonly folder: string,
    private readonly log: string,
  ) {}

  /** Makes the folder, and an older result in it. @param cli path of the built command line */
  static async begin(cli: string, folder: string): Promise<Chain> {
    const config = await writeSubject(folder, NAME);
    const chain = new Chain(cli, config, path.dirname(config), path.join(folder, 'operations'));
    await chain.whole();
    return chain;
  }

  /** A run that nobody kills: it ends well, leaves no temporary file, and report and model agree. @returns its operations by process */
  async whole(): Promise<Record<'engine' | 'cli', number>> {
    const counts = { engine: 0, cli: 0 };
    for (const who of ['engine', 'cli'] as const) {
      const { code, said } = await this.run(who, 0);
      assert.equal(code, 0, said);
      counts[who] = readFileSync(this.log, 'utf8').trim().split('\n').length;
    }
    await this.check('a whole run', true);
    return counts;
  }

  /** A run that is killed in front of its n-th operation; then what lies there is as it has to be, and nothing untrue was said. */
  async kill(who: Who, at: number): Promise<Killed> {
    const before = this.reportText();
    const { signal, code, said } = await this.run(who, at);
    const where = readFileSync(this.log, 'utf8').trim().split('\n').at(-1)!;
    const message = `${who} killed at ${where}\n${said}`;
    if (who === 'engine' && code !== 0) {
      const isNew = this.reportText() !== before;
      assert.match(said, isNew ? /Its results had been written/ : /Nothing was written/, message);
      await this.check(message, true);
    } else {
      assert.ok(signal === 'SIGKILL' || code === 0, message);
      await this.check(message, false);
    }
    return { at: where, who, said };
  }

  private reportText = (): string => readFileSync(path.join(this.folder, `${NAME}.defense.json`), 'utf8');

  /** @param ended whether somebody was left to mend it: then report and model agree, and there is nothing else */
  private async check(where: string, ended: boolean): Promise<void> {
    const report = JSON.parse(this.reportText()) as { model: { after: Record<string, unknown> } };
    const names = readdirSync(this.folder);
    const hidden = names.filter((name) => name.startsWith('.'));
    if (ended) assert.deepEqual(hidden, [], where);
    else
      assert.ok(
        hidden.every((name) => /^\.killed\.fineprune\.(lock|tmp)$/.test(name)),
        where,
      );
    const work = path.join(this.folder, `.${NAME}.fineprune.tmp`);
    const journal = path.join(work, 'journal.json');
    const model = path.join(this.folder, `${NAME}.defended`);
    const found = existsSync(model) ? await hashesOf(path.join(model, 'model.json')) : null;
    const { after } = report.model;
    if (found && Object.entries(found).every(([name, hash]) => isDeepStrictEqual(after[name], hash))) return;
    // Where they do not agree, the other half lies ready, and it is written down where it goes.
    assert.ok(!ended && existsSync(journal), `${where}: report and model disagree`);
    const moves = (JSON.parse(readFileSync(journal, 'utf8')) as { moves: { from: string; to: string }[] }).moves;
    const waiting = moves.filter(({ from }) => existsSync(path.join(work, from)));
    assert.ok(
      waiting.some(({ to }) => to.endsWith('.json')),
      `${where}: the new report waits`,
    );
    if (!found)
      assert.ok(
        waiting.some(({ to }) => to.endsWith('.defended')),
        `${where}: the new model waits`,
      );
  }

  private run(who: Who, at: number): Promise<{ code: number | null; signal: NodeJS.Signals | null; said: string }> {
    writeFileSync(this.log, '');
    const args = ['run', this.config, '--report-only', '--seed', String(++this.seed)];
    const root = path.dirname(this.folder);
    const child = spawn(process.execPath, ['--require', path.join(__dirname, 'killer.cjs'), this.cli, ...args], {
      cwd: root,
      env: { ...process.env, KILL_WHO: who, KILL_IN: this.folder, KILL_AT: String(at), KILL_LOG: this.log },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal, said }));
    });
  }
}
