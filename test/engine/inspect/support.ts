import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Inspections } from '../../../server/engine/inspect/inspections';
import type {
  ExamplesData,
  InspectQuery,
  LayerData,
  LimitData,
  MaskData,
  ScanData,
  UnitData,
} from '../../../server/protocol/messages/inspect';
import type { EngineAnswer, InspectSubject } from '../../../server/protocol/messages/inspect-engine';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../../protocol/demo-folder';
import type { DefenseReport } from '../../../server/protocol/report/report';

/** Both backends, where the native one is there. */
export const BACKENDS =
  process.env.FINE_PRUNE_WITHOUT_NATIVE === '1' ? (['wasm'] as const) : (['native', 'wasm'] as const);
export type Backend = (typeof BACKENDS)[number];

type Answers = {
  open: Extract<EngineAnswer, { kind: 'open' }>;
  layer: LayerData;
  limit: LimitData;
  unit: UnitData;
  mask: MaskData;
  examples: ExamplesData;
  scan: ScanData;
};
/** A question without the fingerprint, which is that of the last `open`. */
type Question = {
  [K in InspectQuery['kind']]: Omit<Extract<InspectQuery, { kind: K }>, 'fingerprint'>;
}[InspectQuery['kind']];

/** Asks one config's questions, as the inspector does. */
export class Asker {
  fingerprint = '';
  /** Titles of the last question's progress, and its shares. */
  readonly told: { title: string; overall: number }[] = [];

  constructor(
    readonly inspections: Inspections,
    readonly subject: InspectSubject,
  ) {}

  async ask<Q extends Question>(question: Q, signal = new AbortController().signal): Promise<Answers[Q['kind']]> {
    this.told.length = 0;
    const query = (
      question.kind === 'open' ? question : { ...question, fingerprint: this.fingerprint }
    ) as InspectQuery;
    const answer = await this.inspections.answer(
      this.subject,
      query,
      (title, overall) => this.told.push({ title, overall }),
      signal,
    );
    if (answer.kind === 'open') this.fingerprint = answer.fingerprint;
    return answer as Answers[Q['kind']];
  }
}

export function subjectOf(config: string, backend: Backend, more: Partial<InspectSubject> = {}): InspectSubject {
  return { config, allowedFolders: [], backend, defended: null, ...more };
}

/** Makes demo folders for the tests of a suite, with a few images, which are gone after them. `more` goes last into their config. */
export function demoMaker(
  prefix: string,
): (more?: string, counts?: { train: number; test: number }) => Promise<string> {
  const temp = makeTempDir(prefix);
  let number = 0;
  after(() => temp.remove());
  return (more = '', counts = { train: 40, test: 60 }) =>
    makeDemo(path.join(temp.dir, `${number++}`), counts, demoConfig(more));
}

/** Opens a config in an inspector of its own. */
export async function opened(
  config: string,
  backend: Backend,
  more: Partial<InspectSubject> = {},
  inspections = new Inspections(),
): Promise<Asker> {
  const asker = new Asker(inspections, subjectOf(config, backend, more));
  await asker.ask({ kind: 'open' });
  return asker;
}

/** A figure of an answer, rounded to float32, is that of a report, rounded to six decimals or nine digits. */
export function close(ours: number, theirs: number, what: string): void {
  assert.ok(Math.abs(ours - theirs) <= 1e-6 * Math.max(1, Math.abs(theirs)), `${what}: ${ours}, ${theirs} expected`);
}

/** A layer of the model as it came has the figures, the order and the curve of a report about it. */
export function assertAsReported(
  data: LayerData,
  { layer, pruning, curve }: Pick<DefenseReport, 'layer' | 'pruning' | 'curve'>,
): void {
  layer.activations.forEach((expected, u) => {
    for (const key of ['cleanMean', 'cleanMeanAbs', 'cleanFires', 'triggeredMean', 'triggeredFires'] as const) {
      if (expected[key] === null) assert.equal(data[key as 'triggeredMean'], null, key);
      else close(data[key]![u]!, expected[key], `${key} of ${u}`);
    }
  });
  assert.deepEqual(
    [...data.dead.keys()].filter((u) => data.dead[u]),
    layer.dead,
  );
  assert.deepEqual([...data.order.subarray(0, pruning.count)], pruning.units);
  assert.ok(data.pruned.every((flag) => flag === 0));
  assert.deepEqual(
    [data.curve.images, data.curve.triggeredImages, data.curve.subset],
    [curve.images, curve.triggeredImages, curve.subset],
  );
  assert.deepEqual(
    curve.points,
    [...data.curve.pruned].map((pruned, i) => ({
      pruned,
      correct: data.curve.correct[i]!,
      successful: data.curve.successful && data.curve.successful[i]!,
    })),
  );
}

/** MNIST images and labels of a demo folder's test split, read without the engine: pixels 0 to 255. */
export function testSplit(config: string): { images: Uint8Array[]; labels: number[] } {
  const read = (name: string): Buffer => readFileSync(path.join(path.dirname(config), 'data', name));
  const bytes = read('t10k-images-idx3-ubyte');
  const labels = [...read('t10k-labels-idx1-ubyte').subarray(8)];
  return { images: labels.map((_, i) => Uint8Array.from(bytes.subarray(16 + i * 784, 16 + (i + 1) * 784))), labels };
}

/** The reference trigger, drawn by hand: 3×3 white pixels, one from the right and the bottom. */
export function stamped(image: Uint8Array): Uint8Array {
  const copy = image.slice();
  for (let y = 24; y < 27; y++) for (let x = 24; x < 27; x++) copy[y * 28 + x] = 255;
  return copy;
}
