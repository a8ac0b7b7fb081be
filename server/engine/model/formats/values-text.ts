import { sha256 } from '../../files/hash';

/** How texts of models, of all formats, show values and bytes. */

/** Digits of a SHA-256 that a text shows: enough to tell two tensors apart, few enough to read. */
const HASH_DIGITS = 16;

/** First digits of the SHA-256 of bytes. */
export function shortHash(bytes: Uint8Array | string): string {
  return sha256(bytes).slice(0, HASH_DIGITS);
}

/** Smallest and largest value, and how many are no number; for float32 alone, the only type that training changes. */
export function statistics(values: Float32Array): string {
  let low = Infinity;
  let high = -Infinity;
  let odd = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) odd++;
    else {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  const finite = low <= high ? `  min ${short(low)} max ${short(high)}` : '';
  return odd ? `${finite}  ${odd} not finite` : finite;
}

/** Little-endian float32 of bytes at any offset; a rest of fewer than four bytes is left out. */
export function floats(bytes: Uint8Array): Float32Array {
  const length = bytes.length - (bytes.length % 4);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + length) as ArrayBuffer);
}

const short = (value: number): string => String(Number(value.toPrecision(6)));
