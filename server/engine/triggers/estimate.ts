import { badInput } from '../../protocol/errors';
import type { ResolvedConfig } from '../../protocol/config/config';
import { inversions, inversionOf, type EstimatedTrigger, type ScanResult } from '../../protocol/report/scan';
import { checkTarget, type OpenTrigger } from './open-trigger';
import { clip, type Shape } from './stamp';
import { stampMask, type MaskAndPattern } from './mask';

/** As bytes: what is measured is then exactly what a report can hold. Where the mask is nothing, so is the pattern. */
export function encodeEstimate({ mask, pattern }: Pick<MaskAndPattern, 'mask' | 'pattern'>): EstimatedTrigger {
  const channels = pattern.length / mask.length;
  const shares = Uint8Array.from(mask, (share) => Math.round(255 * share));
  const values = Uint8Array.from(pattern, (value, i) =>
    shares[Math.floor(i / channels)] === 0 ? 0 : Math.round(255 * value),
  );
  return { mask: Buffer.from(shares).toString('base64'), pattern: Buffer.from(values).toString('base64') };
}

/**
 * @param shape [height, width, channels] of the images
 * @throws FinePruneError `estimate.size` for bytes that are not such a trigger
 */
export function decodeEstimate({ mask, pattern }: EstimatedTrigger, [height, width, channels]: Shape): MaskAndPattern {
  const shares = bytesOf(mask, height * width, 'mask');
  const values = bytesOf(pattern, height * width * channels, 'pattern');
  const decoded = {
    mask: Float32Array.from(shares, (byte) => byte / 255),
    pattern: Float32Array.from(values, (byte) => byte / 255),
  };
  return { ...decoded, norm: shares.reduce((sum, byte) => sum + byte, 0) / 255 };
}

/** An estimated trigger, ready to be stamped on images. */
export function estimatedTrigger(target: number, estimate: EstimatedTrigger, shape: Shape): OpenTrigger {
  const { mask, pattern } = decodeEstimate(estimate, shape);
  const stamp = (pixels: Float32Array): void => {
    stampMask({ mask, pattern }, shape[2], pixels, pixels);
    clip(pixels);
  };
  return { config: { kind: 'inverted', target }, target, stamp, samples: null, files: [] };
}

/**
 * The trigger that a scan estimated: of the class that the config names, else of the most suspicious one.
 * @returns null where no class is named and none is suspicious, or nothing was searched
 * @throws FinePruneError `trigger.target` when the model has no such class
 */
export function openEstimated(scan: ScanResult, config: ResolvedConfig['trigger'], shape: Shape): OpenTrigger | null {
  const target = config?.target ?? scan.suspects[0]?.target;
  const classes = inversions(scan).length;
  if (target === undefined || classes === 0) return null;
  checkTarget(target, classes);
  return estimatedTrigger(target, inversionOf(scan, target)!.estimate!, shape);
}

function bytesOf(text: string, length: number, what: string): Uint8Array {
  // Four characters hold three bytes: a longer text is not decoded first and measured then.
  const bytes = text.length <= 4 * Math.ceil(length / 3) ? Buffer.from(text, 'base64') : null;
  if (bytes?.length === length) return bytes;
  throw badInput(
    'estimate.size',
    `The estimated trigger's ${what} does not have the ${length} bytes that images of this size need.`,
    { todo: 'Scan the model again.' },
  );
}
