import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { makeTempDir } from '../harness/processes';
import { Counts } from './counts';
import { makeCorpus, readCorpus } from './corpus/corpus';
import type { InputId } from './input';
import { KINDS } from './kinds/kinds';
import type { Way } from './options';
import { ReadingProcess } from './reading';

export interface FuzzRequest {
  readonly seed: number;
  readonly kinds: readonly string[];
  /** One input and nothing else. */
  readonly input?: { kind: string; number: number } | null;
  /** Inputs of the engine's readers at most. */
  readonly count: number;
  readonly milliseconds: number;
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
    readCorpus(corpus);
    const until = Date.now() + request.milliseconds;
    const lanes: Promise<void>[] = [];
    if (request.ways.includes('engine'))
      lanes.push(
        readAll(request, { folder: path.join(temp.dir, 'engine'), corpus, keep: request.keep }, counts, until),
      );
    await Promise.all(lanes);
    return counts;
  } finally {
    await temp.remove();
  }
}

async function readAll(
  request: FuzzRequest,
  places: ConstructorParameters<typeof ReadingProcess>[0],
  counts: Counts,
  until: number,
): Promise<void> {
  const reading = new ReadingProcess(places);
  try {
    if (request.input) return await reading.read({ seed: request.seed, ...request.input }, counts);
    let left = request.count;
    for (const id of inputs(request.seed, request.kinds)) {
      if (left-- <= 0 || Date.now() >= until) break;
      await reading.read(id, counts);
    }
    if (!reading.seesReading)
      request.tell('This file system does not note when a file is read: reading outside is not seen.');
    if (!reading.seesMemory)
      request.tell('This system does not say how much memory a process had: memory is not bounded.');
  } finally {
    await reading.stop();
  }
}
