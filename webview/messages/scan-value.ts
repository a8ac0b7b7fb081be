import * as v from 'valibot';
import type { ScanResult } from '../../server/protocol/report/scan';
import { finite, list, mcNemar, rate, share, text, whole, type Holds, type Same } from './parts';

/** What a scan for triggers found, on its way to a page: finite numbers, bounded sizes, base64 that is base64. */

const MOST_CLASSES = 100_000;
const MOST_SEEDS = 100;
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

export const scan = v.pipe(
  v.object({
    word: scanWord,
    sentence: text,
    flagged: list(classIndex, MOST_CLASSES),
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
    limits: v.object({ index: finite, share }),
    medianNorm: atLeast0,
    images: v.object({ search: whole(), measured: whole() }),
    batchSize: whole(),
    steps: whole(),
    seeds: list(whole(), MOST_SEEDS),
    cleanAccuracy: v.exactOptional(rate),
    advice: v.exactOptional(advice),
    searched: v.exactOptional(v.object({ classes: list(classIndex, MOST_CLASSES), of: whole(MOST_CLASSES) })),
  }),
  v.check(
    ({ classes }) => classes.every(({ target }, at) => at === 0 || target > classes[at - 1]!.target),
    'classes that are not in their order',
  ),
  v.check(
    ({ classes, searched }) => searched !== undefined || classes.every(({ target }, at) => target === at),
    'classes that are missing',
  ),
  v.check(
    ({ classes, flagged }) =>
      new Set(flagged).size === flagged.length &&
      isPartOf(
        flagged,
        classes.map(({ target }) => target),
      ),
    'a flagged class that does not exist',
  ),
);
export type ScanHolds = Holds<Same<v.InferOutput<typeof scan>, ScanResult>>;

/** Whether every estimate has one byte a pixel of the mask, and one a value of the pattern. */
export function fitsShape(
  { classes }: Pick<ScanResult, 'classes'>,
  [height, width, channels]: readonly [number, number, number],
): boolean {
  const pixels = height * width;
  return classes.every(
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
