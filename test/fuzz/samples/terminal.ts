import { spawn } from 'node:child_process';
import path from 'node:path';
import { built } from '../../harness/built';
import { ownCache } from '../../harness/own-cache';
import { Canaries } from '../canaries';
import type { Corpus, Kind } from '../case';
import { Chance } from '../chance';
import type { Counts } from '../counts';
import type { InputId } from '../input';
import { kindNamed } from '../kinds/kinds';
import { memoryBound, PeakMemory } from '../memory';
import { sizeOnDisk } from '../input';
import { named, written } from './cases';
import { badText } from './shown';

/** Reading and showing is over by then on a busy machine, too; computing takes as long as it takes. */
const [READING_MS, COMPUTING_MS] = [30_000, 180_000];
/** Commands that compute: their engine is a process of its own, and may have memory for its work. */
const COMPUTING = new Set(['run', 'scan']);
/** Exit codes that README.md and docs/review.md name. */
const CODES = [0, 1, 2, 3, 130];

interface Ended {
  code: number | null;
  signal: string | null;
  out: string;
  err: string;
  peak: number;
  hung: boolean;
}

/** The command line as it is shipped, on inputs in a folder. */
export class Terminal {
  private readonly canaries: Canaries;
  private readonly env: NodeJS.ProcessEnv;
  private idle: number | null = null;

  constructor(
    private readonly folder: string,
    private readonly corpus: Corpus,
  ) {
    this.canaries = new Canaries(folder, corpus, ['case', 'cache']);
    this.env = {
      ...process.env,
      FINE_PRUNE_CACHE: ownCache(folder),
      NO_COLOR: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CEILING_DIRECTORIES: folder,
    };
  }

  /** Measures a command that reads nothing. */
  async prepare(): Promise<void> {
    this.idle ??= (await this.ended(['textconv', 'nothing'], this.folder, READING_MS)).peak;
  }

  /** Runs one command of the kind on an input. */
  async read(id: InputId, counts: Counts): Promise<void> {
    const kind = kindNamed(id.kind);
    await this.prepare();
    const { made, folder } = written(id, kind, this.corpus, path.join(this.folder, 'case'), this.canaries.outside);
    const args = commandOf(id, kind, made.main);
    const size = sizeOnDisk(folder);
    const computes = COMPUTING.has(args[0]!) || args.includes('--measure');
    const ended = await this.ended(args, folder, computes ? COMPUTING_MS : READING_MS);
    const faults = [
      ...this.faultsOf(ended, args),
      ...this.canaries.touched(named(made, (file) => args.includes(file))),
    ];
    // What is left above the process that has read nothing, and has loaded what reads.
    const took = ended.peak - this.idle! - LOADED_BYTES;
    if (!computes && took > memoryBound(size)) faults.push(`memory: ${took >> 20} MB for ${size} bytes on the disk`);
    const how = [...made.how, `fine-prune ${args.join(' ')}`];
    if (ended.hung) counts.died(id, 'hang: the command did not end', how, ' · cli');
    else
      counts.read(
        id,
        {
          outcomes: [{ reader: args.slice(0, 1).join(), what: `${ended.code} ${firstWord(ended)}` }],
          faults,
          peak: computes ? 0 : Math.max(0, took),
          how,
        },
        ' · cli',
      );
  }

  private faultsOf({ code, signal, out, err }: Ended, args: readonly string[]): string[] {
    const faults: string[] = [];
    const [command] = args;
    if (code === null || !CODES.includes(code)) faults.push(`crash: ended with ${signal ?? code}: ${err.slice(-400)}`);
    // An answer: a gate, a check, a suspicion.
    if (code === 1 && !['check', 'scan', 'run'].includes(command!))
      faults.push(`exit code 1 is an answer, and ${command} gives none: ${err.slice(0, 300)}`);
    if (code === 3 || /engine\.internal|This is a bug/.test(out + err))
      faults.push(`bad input ends as a failure of the engine (${code}): ${(err || out).slice(0, 600)}`);
    if (code === 2 && (err + out).trim() === '' && !args.includes('--json') && command !== 'scan')
      faults.push('exit code 2 without a word');
    if (args.includes('--json') && !isJson(out)) faults.push(`--json gives no JSON: ${out.slice(0, 200)}`);
    return [...faults, ...badText(out, 'standard output'), ...badText(err, 'standard error')];
  }

  private ended(args: readonly string[], cwd: string, patience: number): Promise<Ended> {
    return new Promise((resolve) => {
      const child = spawn(process.execPath, [built('cli'), ...args], {
        cwd,
        env: this.env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const memory = new PeakMemory(child.pid!);
      let [out, err, peak, hung] = ['', '', 0, false];
      const look = setInterval(() => (peak = Math.max(peak, memory.peak() ?? 0)), 20);
      const timer = setTimeout(() => {
        hung = true;
        child.kill('SIGKILL');
      }, patience);
      child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
      child.once('close', (code, signal) => {
        clearInterval(look);
        clearTimeout(timer);
        resolve({ code, signal, out, err, peak, hung });
      });
    });
  }
}

/** What a command loads to read a report or a model, which the idle one does not. */
const LOADED_BYTES = 48 << 20;

function commandOf(id: InputId, kind: Kind, main: string): string[] {
  // A stream of its own: an input stays what it is when a kind gets another command.
  return new Chance(id.seed, `${id.kind}/command`, id.number).pick(kind.commands)(main);
}

const firstWord = ({ out, err }: Ended): string =>
  (err || out)
    .replace(/[^a-zA-Z' ]+/g, ' ')
    .trim()
    .slice(0, 50);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
