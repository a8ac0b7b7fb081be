import path from 'node:path';
import { parseArgs } from 'node:util';
import { toFailure } from '../server/engine/process/failure';
import { FinePruneError, type Failure } from '../server/protocol/errors';
import { allCells, basisOf, cellName, matches, modelName, type Cell } from './cells';
import { madeModel, type Place } from './compute';
import { dataFiles, type DataFiles } from './data';
import { inProcess } from './processes';
import { renderStudy } from './render/render';
import { readResults, writeResult, type CellResult, type Known } from './result';
import { Estimates, schedule, type Job, type JobEnd } from './schedule';
import { ESTIMATES, type DataSetName } from './settings';
import { percent } from '../server/protocol/words';

const USAGE = `npm run study -- [options]

Computes what is missing of the study, renders docs/study.md, and ends within the budget; can be stopped and started again.

  --budget MINUTES      time for everything, 85 by default
  --only PATTERN        only cells of this name, * for anything: mnist-5-*-auto
  --list                cells in order, with what is known of them; computes nothing
  --render              only writes docs/study.md and its plots from what is there
  --into DIR            writes page and plots there instead of docs/
  --again               also compute again what is there already
  --jobs N              processes beside each other, 2 by default
  --backend NAME        auto, native or wasm
  --fashion-mnist DIR   folder of Fashion-MNIST's four files
`;

const root = path.join(__dirname, '..');

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      budget: { type: 'string', default: '85' },
      only: { type: 'string' },
      list: { type: 'boolean' },
      render: { type: 'boolean' },
      again: { type: 'boolean' },
      jobs: { type: 'string', default: '2' },
      backend: { type: 'string', default: 'auto' },
      'fashion-mnist': { type: 'string' },
      into: { type: 'string' },
      since: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (options.help) return void process.stdout.write(USAGE);
  const [budget, jobs] = [Number(options.budget), Number(options.jobs)];
  const { backend } = options;
  if (!(budget > 0) || !(Number.isInteger(jobs) && jobs > 0) || !['auto', 'native', 'wasm'].includes(backend))
    throw new Error(`Wrong arguments.\n\n${USAGE}`);

  const cells = allCells();
  const wanted = cells.filter((cell) => options.only === undefined || matches(cell, options.only));
  const known = await readResults(cells);
  if (options.list) return list(wanted, known);
  if (!options.render) {
    if (wanted.length === 0) throw new Error(`No cell has the name "${options.only}"; --list shows them.`);
    const todo = wanted.filter((cell) => options.again || known.get(cellName(cell))!.state !== 'done');
    // Set-up counts: whoever started this says since when.
    const started = options.since === undefined ? Date.now() : Number(options.since);
    await compute(todo, known, {
      started,
      budget,
      jobs,
      backend: backend as Place['backend'],
      fashion: options['fashion-mnist'],
    });
  }
  const docs = options.into === undefined ? undefined : path.resolve(options.into);
  for (const file of await renderStudy(await readResults(cells), docs))
    console.log(`Wrote ${path.relative(process.cwd(), file)}`);
}

interface Run {
  /** Milliseconds since the epoch. */
  started: number;
  /** Minutes. */
  budget: number;
  jobs: number;
  backend: Place['backend'];
  fashion: string | undefined;
}

async function compute(
  todo: readonly Cell[],
  known: ReadonlyMap<string, Known>,
  { started, budget, jobs, backend, fashion }: Run,
): Promise<void> {
  const deadline = started + budget * 60_000;
  const estimates = new Estimates(ESTIMATES);
  for (const one of known.values())
    if (one.state === 'done') estimates.add(kindOf({ type: 'cell', cell: one.result.cell }), one.result.seconds);
  const stop = new AbortController();
  // What runs longer than was thought must not take the whole beyond its time.
  const timer = setTimeout(() => stop.abort(), deadline + 60_000 - Date.now());
  process.once('SIGINT', () => stop.abort());

  const sources = new Map<DataSetName, DataFiles | Failure>();
  for (const { data } of todo) if (!sources.has(data)) sources.set(data, found(data, fashion));
  const places = new Map<DataSetName, Place>();
  for (const [data, files] of sources)
    if ('train' in files) places.set(data, { out: path.join(root, 'out', 'study'), files, backend });

  let done = 0;
  const say = (line: string): void =>
    console.log(`${String(Math.round((Date.now() - started) / 60_000)).padStart(3)} min  ${line}`);
  const failed = async (cell: Cell, failure: Failure): Promise<void> => {
    say(`${cellName(cell)}: ${failure.message}`);
    // An earlier result of the same settings is worth more than the news that there is none today.
    if (failure.kind !== 'cancelled' && known.get(cellName(cell))?.state !== 'done')
      await writeResult({ cell, basis: basisOf(cell), failure: { code: failure.code, message: failure.message } });
  };
  for (const cell of todo) {
    const source = sources.get(cell.data)!;
    if (!('train' in source)) await failed(cell, source);
  }
  const possible = todo.filter(({ data }) => places.has(data));
  const made = new Set<string>();
  for (const cell of possible)
    if (!made.has(modelName(cell)) && (await madeModel(cell, places.get(cell.data)!))) made.add(modelName(cell));
  console.log(`${possible.length} cells to compute, ${jobs} beside each other, until minute ${budget}.`);

  const perform = async (job: Job): Promise<JobEnd> => {
    const at = Date.now();
    try {
      if (job.type === 'model') {
        await inProcess({ ...job, place: places.get(job.model.data)! }, stop.signal);
        say(`${modelName(job.model)}: trained`);
      } else {
        const word = await inProcess({ ...job, place: places.get(job.cell.data)! }, stop.signal);
        if (word.type !== 'computed') throw new TypeError(`a cell ended with "${word.type}"`);
        await writeResult(word.result);
        say(`${cellName(job.cell)} (${++done} of ${possible.length}): ${inShort(word.result)}`);
      }
      estimates.add(kindOf(job), (Date.now() - at) / 1000);
      return { ok: true };
    } catch (error) {
      const failure = toFailure(error);
      if (job.type === 'cell') await failed(job.cell, failure);
      return { ok: false, failure };
    }
  };
  const pending: Promise<void>[] = [];
  const late = await schedule({
    cells: possible,
    atOnce: jobs,
    made,
    perform,
    estimate: (job) => estimates.of(kindOf(job)),
    left: () => (stop.signal.aborted ? 0 : (deadline - Date.now()) / 1000),
    onUnmade: (cell, failure) => void pending.push(failed(cell, failure)),
  });
  await Promise.all(pending);
  clearTimeout(timer);
  if (late.length) say(`${late.length} cells were left for another run.`);
}

/** Jobs that take alike long. */
function kindOf(job: Job): string {
  return job.type === 'model' ? `attack ${job.model.attack}` : `${job.cell.task} ${job.cell.share}`;
}

function found(data: DataSetName, fashion: string | undefined): DataFiles | Failure {
  try {
    return dataFiles(data, data === 'fashion-mnist' ? fashion : undefined);
  } catch (error) {
    const { kind, code, message, todo } = toFailure(error);
    return { kind, code, message: todo === undefined ? message : `${message} ${todo}` };
  }
}

function inShort({ scan, repair, seconds }: CellResult): string {
  if (scan) return `${scan.word}${scan.flagged.length ? ` (${scan.flagged.join(', ')})` : ''}, ${seconds} s`;
  const { before, after, verdict } = repair!;
  const success = (f: typeof before): string => percent(f.successful / f.ofTriggered);
  return `ASR ${success(before)} → ${success(after)}, clean accuracy ${percent(before.correct / before.of)} → ${percent(after.correct / after.of)}, ${verdict}, ${seconds} s`;
}

function list(cells: readonly Cell[], known: ReadonlyMap<string, Known>): void {
  for (const cell of cells) {
    const one = known.get(cellName(cell))!;
    console.log(
      `${cellName(cell).padEnd(44)} ${one.state === 'done' ? inShort(one.result) : one.state === 'failed' ? `failed: ${one.failure.message}` : one.state}`,
    );
  }
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof FinePruneError || !(error instanceof Error) ? String(error) : error.message}\n`,
  );
  process.exitCode = 1;
});
