import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { selectBackend } from '../../server/engine/backend/select';
import type { Opened } from './case';
import { readCorpus } from './corpus/corpus';
import { Canaries } from './canaries';
import { emptied, makeCase, sizeOnDisk, writeCase, type InputId } from './input';
import { kindNamed } from './kinds/kinds';
import { memoryBound, PeakMemory } from './memory';
import { named } from './samples/cases';
import { outcomeOf, type Outcome } from './outcome';

/**
 * Reads inputs with the functions of the engine, in a process of its own: what hangs or dies here is counted, and is not the end.
 * It is told which folders it has, then an input at a time.
 */
export type ToWorker = { readonly folder: string; readonly corpus: string } | { readonly read: InputId };

export type FromWorker =
  | { readonly ready: true; readonly seesReading: boolean; readonly seesMemory: boolean }
  /** An input is written, and is read from now on. */
  | { readonly begun: InputId; readonly how: readonly string[] }
  | {
      readonly done: InputId;
      readonly how: readonly string[];
      readonly outcomes: Outcome[];
      readonly faults: string[];
      readonly peak: number;
      /** Milliseconds of CPU. */ readonly cpu: number;
    };

const send = (message: FromWorker): void => void process.send!(message);
const memory = new PeakMemory();
/** Garbage of earlier inputs is no memory of the next one. */
const tidy = (globalThis as { gc?: () => void }).gc ?? (() => undefined);
let idle = 0;

async function prepare(folder: string, corpusFolder: string) {
  const corpus = readCorpus(corpusFolder);
  await selectBackend({ choice: 'wasm', threads: 1 });
  mkdirSync(folder, { recursive: true });
  const canaries = new Canaries(folder, corpus, ['case', 'made']);
  tidy();
  idle = memory.begin() ?? 0;
  send({ ready: true, seesReading: canaries.seesReading, seesMemory: idle > 0 });
  return { corpus, canaries, folder };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

async function read(id: InputId, { corpus, canaries, folder }: Prepared): Promise<void> {
  const kind = kindNamed(id.kind);
  const made = makeCase(id, kind, corpus);
  const opened: Opened = {
    folder: emptied(path.join(folder, 'case')),
    file: path.join(folder, 'case', made.main),
    out: path.join(emptied(path.join(folder, 'made')), 'out'),
    corpus,
  };
  writeCase(made, opened.folder, canaries.outside);
  const size = sizeOnDisk(opened.folder);
  send({ begun: id, how: made.how });
  const started = process.cpuUsage();
  const outcomes: Outcome[] = [];
  const faults: string[] = [];
  let peak = 0;
  for (const [name, reader] of Object.entries(kind.readers)) {
    let before = memory.begin() ?? 0;
    if (before > idle + (48 << 20)) {
      tidy();
      before = memory.begin() ?? 0;
    }
    try {
      outcomes.push({ reader: name, what: await reader(opened) });
    } catch (error) {
      outcomes.push(outcomeOf(name, error));
    }
    const took = (memory.peak() ?? 0) - before;
    peak = Math.max(peak, took);
    if (took > memoryBound(size)) faults.push(`memory: ${name} took ${took >> 20} MB for ${size} bytes on the disk`);
    const mayRead = named(made, (file) => kind.names?.(name, file) ?? false);
    faults.push(...canaries.touched(mayRead).map((what) => `${what} (by ${name})`));
  }
  const { user, system } = process.cpuUsage(started);
  send({ done: id, how: made.how, outcomes, faults, peak, cpu: (user + system) / 1000 });
}

let prepared: Promise<Prepared> | undefined;
process.on('message', (message: ToWorker) => {
  if ('folder' in message) prepared = prepare(message.folder, message.corpus);
  else void prepared!.then((parts) => read(message.read, parts)).catch(fail);
  prepared!.catch(fail);
});
process.on('disconnect', () => process.exit());

/** The fuzzer's own fault: it must not look like one of the engine. */
function fail(error: unknown): void {
  process.stderr.write(`the fuzzer failed: ${(error as Error).stack}\n`);
  process.exit(99);
}
