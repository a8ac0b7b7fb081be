import * as v from 'valibot';
import { suspectedClasses, inversions, neuralCleanse, type ScanResult } from '../../server/protocol/report/scan';
import { finite, list, mcNemar, rate, share, text, whole, type Holds, type Same } from './parts';

/** What a scan for triggers found, on its way to a page: finite numbers, bounded sizes, base64 that is base64. */

const MOST_CLASSES = 100_000;
const MOST_SEEDS = 100;
const MOST_METHODS = 100;
/** Characters of one mask or pattern: a picture of some 3,000 × 3,000 pixels in three colours. */
const MOST_BASE64 = 40_000_000;

const atLeast0 = v.pipe(finite, v.minValue(0));
const base64 = v.pipe(v.string(), v.maxLength(MOST_BASE64), v.check(isBase64, 'a text that is not base64'));
const estimate = v.object({ mask: base64, pattern: base64 });
const classIndex = whole(MOST_CLASSES - 1);

export const scanWord = v.picklist(['suspicious', 'nothing found', 'not measurable']);

/** One number, or one per channel. */
const channels = list(finite, 1024);
const advice = v.object({
  sentence: text,
  settings: v.exactOptional(
    list(
      v.object({
        range: v.picklist(['as set', '0..1', '0..255', '-1..1', 'own']),
        images: v.picklist(['as they are', 'inverted', 'channels reversed']),
        scale: finite,
        mean: channels,
        std: channels,
        flags: text,
        before: rate,
        after: rate,
        comparison: mcNemar,
      }),
      100,
    ),
  ),
  labels: v.exactOptional(
    v.object({
      classes: list(v.object({ data: classIndex, model: classIndex }), MOST_CLASSES),
      before: rate,
      after: rate,
      comparison: mcNemar,
    }),
  ),
});

const score = v.pipe(finite, v.minValue(0));
const suspect = { target: classIndex, source: v.exactOptional(classIndex), score };

const masks = v.pipe(
  v.object({
    method: v.literal('neural-cleanse'),
    limits: v.object({ index: finite, share }),
    medianNorm: atLeast0,
    batchSize: whole(),
    steps: whole(),
    seeds: list(whole(), MOST_SEEDS),
    classes: list(
      v.object({
        target: classIndex,
        norm: atLeast0,
        screened: atLeast0,
        share: atLeast0,
        anomalyIndex: finite,
        success: rate,
        steps: whole(),
        flagged: v.boolean(),
        estimate: v.nullable(estimate),
      }),
      MOST_CLASSES,
    ),
  }),
  v.check(
    ({ classes }) => classes.every(({ target }, at) => at === 0 || target > classes[at - 1]!.target),
    'classes that are not in their order',
  ),
);
const other = v.object({
  method: v.literal('other'),
  name: text,
  word: scanWord,
  sentence: text,
  suspects: list(v.object(suspect), MOST_CLASSES),
});

export const scan = v.pipe(
  v.object({
    word: scanWord,
    sentence: text,
    suspects: list(v.object({ ...suspect, methods: list(text, MOST_METHODS) }), MOST_CLASSES),
    cleanAccuracy: v.exactOptional(rate),
    advice: v.exactOptional(advice),
    images: v.object({ search: whole(), measured: whole() }),
    searched: v.exactOptional(v.object({ classes: list(classIndex, MOST_CLASSES), of: whole(MOST_CLASSES) })),
    evidence: list(v.variant('method', [masks, other]), MOST_METHODS),
  }),
  v.check(
    (found) => found.searched !== undefined || inversions(found).every(({ target }, at) => target === at),
    'classes that are missing',
  ),
  v.check(
    (found) =>
      neuralCleanse(found) === null ||
      isPartOf(
        suspectedClasses(found),
        inversions(found).map(({ target }) => target),
      ),
    'a suspected class that does not exist',
  ),
  v.check(
    ({ suspects }) =>
      new Set(suspects.map(({ target, source }) => `${source ?? ''} ${target}`)).size === suspects.length,
    'a class that is suspected twice',
  ),
);
export type ScanHolds = Holds<Same<v.InferOutput<typeof scan>, ScanResult>>;

/** Whether every estimate has one byte a pixel of the mask, and one a value of the pattern. */
export function fitsShape(
  scan: Pick<ScanResult, 'evidence'>,
  [height, width, channels]: readonly [number, number, number],
): boolean {
  const pixels = height * width;
  return inversions(scan).every(
    ({ estimate: one }) =>
      one === null || (byteLength(one.mask) === pixels && byteLength(one.pattern) === pixels * channels),
  );
}

function isPartOf(some: readonly number[], all: readonly number[]): boolean {
  const known = new Set(all);
  return some.every((one) => known.has(one));
}

/** Number of bytes that a base64 text stands for. */
function byteLength(base64Text: string): number {
  return (base64Text.length / 4) * 3 - (base64Text.endsWith('==') ? 2 : base64Text.endsWith('=') ? 1 : 0);
}

function isBase64(value: string): boolean {
  return value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}
