import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { makeTempDir } from '../harness/processes';
import { Counts } from './counts';
import { makeCorpus, readCorpus } from './corpus/corpus';
import type { InputId } from './input';
import { KINDS, kindNamed } from './kinds/kinds';
import type { Way } from './options';
import { ReadingProcess } from './reading';
import { Editor } from './samples/editor';
import { Terminal } from './samples/terminal';

export interface FuzzRequest {
  readonly seed: number;
  readonly kinds: readonly string[];
  /** One input and nothing else. */
  readonly input?: { kind: string; number: number } | null;
  /** Inputs of the engine's readers at most. */
  readonly count: number;
  /** Inputs at most that the shipped programs read; without a limit, as many as there is time for. */
  readonly samples: number;
  /** From the first input on. */
  readonly milliseconds: number;
  /** Inputs of the engine's readers that are read however long it takes; default: none. */
  readonly atLeast?: number;
  readonly ways: readonly Way[];
  /** Folder for inputs with a fault; null to keep none. */
  readonly keep: string | null;
  tell(line: string): void;
}

/** Inputs in an order that has every kind at any time, by its weight. */
export function* inputs(seed: number, kinds: readonly string[]): Generator<InputId> {
  const wheel = KINDS.filter(({ name }) => kinds.includes(name)).flatMap(({ name, weight }) =>
    Array.from({ length: weight }, (_, at) => ({ name, at })),
  );
  wheel.sort((a, b) => a.at - b.at);
  const next = new Map<string, number>();
  for (;;)
    for (const { name } of wheel) {
      const number = next.get(name) ?? 0;
      next.set(name, number + 1);
      yield { seed, kind: name, number };
    }
}

/** Reads changed files until the time or the count is over. */
export async function fuzz(request: FuzzRequest): Promise<Counts> {
  const counts = new Counts(request.tell);
  const temp = makeTempDir('fp-fuzz-');
  const corpus = path.join(temp.dir, 'corpus');
  if (request.keep !== null) mkdirSync(request.keep, { recursive: true });
  try {
    await makeCorpus(corpus);
    const lane = (way: Way): string => path.join(temp.dir, way);
    const engine = request.ways.includes('engine')
      ? readAll(request, { folder: lane('engine'), corpus, keep: request.keep }, counts)
      : Promise.resolve();
    await Promise.all([engine, sample(request, corpus, lane, counts, engine)]);
    return counts;
  } finally {
    await temp.remove();
  }
}

/** The same inputs through the programs as they are shipped. */
async function sample(
  { seed, kinds, input, ways, samples, milliseconds }: FuzzRequest,
  corpusFolder: string,
  lane: (way: Way) => string,
  counts: Counts,
  engine: Promise<void>,
): Promise<void> {
  const corpus = readCorpus(corpusFolder);
  for (const way of ways) if (way !== 'engine') mkdirSync(lane(way), { recursive: true });
  const terminal = ways.includes('cli') ? new Terminal(lane('cli'), corpus) : null;
  const editor = ways.includes('server') ? new Editor(lane('server'), corpus) : null;
  if (!terminal && !editor) return;
  let over = false;
  void engine.finally(() => (over = ways.includes('engine')));
  try {
    const ids = input ? [{ seed, ...input }] : inputs(seed, kinds);
    let left = samples;
    await terminal?.prepare();
    const until = Date.now() + milliseconds;
    for (const id of ids) {
      if (left-- <= 0 || Date.now() >= until || (over && samples === Infinity)) break;
      await terminal?.read(id, counts);
      if (kindNamed(id.kind).language !== undefined) await editor?.read(id, counts);
    }
  } finally {
    await editor?.stop();
  }
}

async function readAll(
  request: FuzzRequest,
  places: ConstructorParameters<typeof ReadingProcess>[0],
  counts: Counts,
): Promise<void> {
  const reading = new ReadingProcess(places);
  try {
    if (request.input) return await reading.read({ seed: request.seed, ...request.input }, counts);
    await reading.prepare();
    const until = Date.now() + request.milliseconds;
    let done = 0;
    for (const id of inputs(request.seed, request.kinds)) {
      if (done >= request.count || (Date.now() >= until && done >= (request.atLeast ?? 0))) break;
      await reading.read(id, counts);
      done++;
    }
    if (!reading.seesReading)
      request.tell('This file system does not note when a file is read: reading outside is not seen.');
    if (!reading.seesMemory)
      request.tell('This system does not say how much memory a process had: memory is not bounded.');
  } finally {
    await reading.stop();
  }
}
