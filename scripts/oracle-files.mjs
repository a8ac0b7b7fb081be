// Compares what the oracles made with what is committed. Bytes count, but for figures: another CPU adds in another order.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** The committed results may take no more, in bytes. */
export const LIMIT = 8e6;

/** Of 10,000 images, as many may be near enough to a boundary between classes to fall on its other side. */
const COUNT_TOLERANCE = 2;
const COUNTS = ['correct', 'successful', 'robust'];
/** Relative, or absolute below 1. Other instruction sets differ by 3e-7 in weights that were trained. */
const TOLERANCE = 1e-5;

const near = (a, b) => Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a), Math.abs(b));

/** Whether two values of JSON are the same but for rounding: counts of images to ±2, whole numbers exactly. */
function nearJson(a, b, key) {
  if (typeof a === 'number' && typeof b === 'number') {
    if (COUNTS.includes(key)) return Math.abs(a - b) <= COUNT_TOLERANCE;
    return Number.isInteger(a) && Number.isInteger(b) ? a === b : near(a, b);
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const keys = Object.keys(a);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    keys.length === Object.keys(b).length &&
    keys.every((name) => Object.hasOwn(b, name) && nearJson(a[name], b[name], name))
  );
}

/** Whether two files of float32 are the same but for rounding. */
function nearFloats(a, b) {
  if (a.length !== b.length || a.length % 4) return false;
  for (let at = 0; at < a.length; at += 4) if (!near(a.readFloatLE(at), b.readFloatLE(at))) return false;
  return true;
}

/** Whether two texts of JSON are near; one that is broken is near to nothing, so that it is replaced. */
function nearTexts(a, b) {
  try {
    return nearJson(JSON.parse(a.toString()), JSON.parse(b.toString()));
  } catch {
    return false;
  }
}

/** How files are compared that need not be the same byte for byte. */
const RULES = { json: nearTexts, floats: nearFloats };

/** The files of a result, which is a file or a folder, as paths from `folder`, in order. */
function filesOf(folder, result) {
  const whole = path.join(folder, result);
  if (!existsSync(whole)) return [];
  if (!statSync(whole).isDirectory()) return [result];
  return readdirSync(whole)
    .sort()
    .flatMap((name) => filesOf(folder, path.join(result, name)));
}

/**
 * Compares each file of a result.
 * @param rules by path from the folders, the name of a rule; files that are not named have to be the same bytes
 * @returns of each file `same`, `near`, `changed`, `new` or `gone`, and its size in bytes as committed or new
 */
export function compare(made, committed, result, rules = {}) {
  const [ours, theirs] = [filesOf(made, result), filesOf(committed, result)];
  return [...new Set([...ours, ...theirs])].sort().map((file) => {
    if (!ours.includes(file)) return { file, state: 'gone', bytes: 0 };
    const found = readFileSync(path.join(made, file));
    if (!theirs.includes(file)) return { file, state: 'new', bytes: found.length };
    const expected = readFileSync(path.join(committed, file));
    const rule = RULES[rules[file.split(path.sep).join('/')]];
    const state = found.equals(expected) ? 'same' : rule?.(found, expected) ? 'near' : 'changed';
    return { file, state, bytes: found.length };
  });
}
