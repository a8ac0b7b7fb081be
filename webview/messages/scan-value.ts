import * as v from 'valibot';
import type { ScanResult } from '../../server/protocol/scan';
import { finite, list, rate, share, text, whole, type Holds, type Same } from './parts';

/** What a scan for triggers found, on its way to a page: finite numbers, bounded sizes, base64 that is base64. */

const MOST_CLASSES = 100_000;
const MOST_SEEDS = 100;
/** Characters of one mask or pattern: a picture of some 3,000 × 3,000 pixels in three colours. */
const MOST_BASE64 = 40_000_000;

const atLeast0 = v.pipe(finite, v.minValue(0));
const base64 = v.pipe(v.string(), v.maxLength(MOST_BASE64), v.check(isBase64, 'a text that is no base64'));
const estimate = v.object({ mask: base64, pattern: base64 });

export const scan = v.pipe(
  v.object({
    word: v.picklist(['suspicious', 'nothing found']),
    sentence: text,
    flagged: list(whole(MOST_CLASSES - 1), MOST_CLASSES),
    classes: list(
      v.object({
        target: whole(MOST_CLASSES - 1),
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
  }),
  v.check(({ classes }) => classes.every(({ target }, at) => target === at), 'classes that are not in their order'),
  v.check(({ classes, flagged }) => new Set(flagged).size === flagged.length && flagged.every((target) => target < classes.length), 'a flagged class that is none'),
);
export type ScanHolds = Holds<Same<v.InferOutput<typeof scan>, ScanResult>>;

/** Whether every estimate has one byte a pixel of the mask, and one a value of the pattern. */
export function fitsShape({ classes }: Pick<ScanResult, 'classes'>, [height, width, channels]: readonly [number, number, number]): boolean {
  const pixels = height * width;
  return classes.every(({ estimate: one }) => one === null || (byteLength(one.mask) === pixels && byteLength(one.pattern) === pixels * channels));
}

/** Number of bytes that a base64 text stands for. */
function byteLength(base64Text: string): number {
  return (base64Text.length / 4) * 3 - (base64Text.endsWith('==') ? 2 : base64Text.endsWith('=') ? 1 : 0);
}

function isBase64(value: string): boolean {
  return value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}
