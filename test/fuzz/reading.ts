import { fork, type ChildProcess } from 'node:child_process';
import { cpSync, lstatSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createRequire } from 'node:module';
import type { Counts } from './counts';
import type { InputId } from './input';
import type { FromWorker, ToWorker } from './worker';

/** An input that takes longer has hung. Alone on a busy machine, it gets four times as long. */
const HANG_MS = 5_000;
const ALONE_MS = 20_000;
/** Of a worker: far above any bound. */
const HEAP_MB = 2_048;

type Done = Extract<FromWorker, { done: InputId }>;
type Ended = Done | { readonly died: string; readonly how: readonly string[] };

export interface Places {
  /** A folder for this worker alone. */
  readonly folder: string;
  readonly corpus: string;
  /** Where inputs with a fault are kept; null to keep none. */
  readonly keep: string | null;
}

/** A process that reads inputs, begun again where one ended it. */
export class ReadingProcess {
  private child: ChildProcess | null = null;
  seesReading = false;
  seesMemory = false;

  constructor(private readonly places: Places) {}

  /** Starts the process, which takes a while. */
  async prepare(): Promise<void> {
    await this.started();
  }

  async stop(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  private async started(): Promise<ChildProcess> {
    if (this.child && this.child.exitCode === null && this.child.signalCode === null) return this.child;
    const tsx = pathToFileURL(createRequire(__filename).resolve('tsx')).href;
    const child = fork(path.join(__dirname, 'worker.ts'), {
      execArgv: ['--import', tsx, '--expose-gc', `--max-old-space-size=${HEAP_MB}`],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.child = child;
    let said = '';
    child.stderr!.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-4_000)));
    const ready = await new Promise<Extract<FromWorker, { ready: true }>>((resolve, reject) => {
      child.once('message', (message: FromWorker) => 'ready' in message && resolve(message));
      child.once('exit', (code) => reject(new Error(`the fuzzer's worker did not start (${code}): ${said}`)));
      child.send({ folder: this.places.folder, corpus: this.places.corpus } satisfies ToWorker);
    });
    ({ seesReading: this.seesReading, seesMemory: this.seesMemory } = ready);
    child.removeAllListeners('exit');
    child.on('message', () => undefined);
    return child;
  }

  /** Reads one input; of one that ends the process, why. */
  private async once(id: InputId, patience: number): Promise<Ended> {
    const child = await this.started();
    return await new Promise<Ended>((resolve, reject) => {
      let how: readonly string[] = [];
      let timer: NodeJS.Timeout | undefined;
      let said = '';
      const hear = (data: Buffer): void => void (said = (said + data.toString()).slice(-4_000));
      const end = (ended: Ended): void => {
        clearTimeout(timer);
        child.off('message', onMessage).off('exit', onExit);
        child.stderr!.off('data', hear);
        resolve(ended);
      };
      const onExit = (code: number | null, signal: string | null): void => {
        if (code === 99) reject(new Error(said));
        else
          end({
            died: `crash: the process ended (${signal ?? code}): ${(/(FATAL ERROR|RangeError|Error):[^\n]*/.exec(said)?.[0] ?? said.slice(-200)).slice(0, 200)}`,
            how,
          });
      };
      const onMessage = (message: FromWorker): void => {
        if ('begun' in message) {
          ({ how } = message);
          timer = setTimeout(() => {
            child.off('exit', onExit);
            void this.stop().then(() => end({ died: `hang: more than ${patience / 1000} s`, how }));
          }, patience);
        } else if ('done' in message) end(message);
      };
      child.stderr!.on('data', hear);
      child.on('message', onMessage).once('exit', onExit);
      child.send({ read: id } satisfies ToWorker);
    });
  }

  /** Reads an input, and once more in a fresh process where it hung, died or took too much memory: only what happens alone, too, counts. */
  async read(id: InputId, counts: Counts): Promise<void> {
    let ended = await this.once(id, HANG_MS);
    if ('died' in ended || ended.cpu > HANG_MS || ended.faults.some((fault) => fault.startsWith('memory'))) {
      await this.stop();
      ended = await this.once(id, ALONE_MS);
    }
    const before = counts.faults;
    if ('died' in ended) counts.died(id, ended.died, ended.how);
    else
      counts.read(
        id,
        ended.cpu > HANG_MS
          ? { ...ended, faults: [...ended.faults, `hang: ${Math.round(ended.cpu / 1000)} s of CPU`] }
          : ended,
      );
    if (counts.faults > before && this.places.keep !== null)
      cpSync(path.join(this.places.folder, 'case'), path.join(this.places.keep, `${id.kind}-${id.number}`), {
        recursive: true,
        verbatimSymlinks: true,
        force: true,
        filter: (file) => !lstatSync(file).isFIFO(),
      });
    if ('died' in ended) await this.stop();
  }
}
