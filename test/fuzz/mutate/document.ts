import type { Chance } from '../chance';
import { Draft } from './json';
import { changeText } from './text';

/**
 * A JSON document with one to three things changed in its values, in its text, or in both.
 * @param of pointers of the values that are changed, the others being of less interest
 */
export function changeDocument(text: string, chance: Chance, how: string[], of?: RegExp): Uint8Array {
  const value = parsed(text);
  let changed = text;
  const mode = chance.integer(10);
  if (mode < 8 && value !== undefined) {
    const draft = new Draft(value, chance);
    for (let left = chance.few(); left > 0; left--) draft.change(chance.happens(0.6) ? of : undefined);
    changed = draft.text(chance.pick([0, 2, 2]));
    how.push(...draft.how);
  }
  return mode > 5 ? changeText(changed, chance, how) : Buffer.from(changed);
}

/** The value of a text, comments left out. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\s*\/\/.*$/gm, '')) as unknown;
  } catch {
    return undefined;
  }
}
