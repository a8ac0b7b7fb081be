import type { Chance } from '../chance';
import { KEYS, RAW_VALUES } from './numbers';
import { changeBytes } from './bytes';

/** The bytes of a text in one of many encodings and states of repair. */
export function changeText(text: string, chance: Chance, how: string[]): Uint8Array {
  const [name, change] = chance.pick(TEXT_CHANGES);
  how.push(name);
  const changed = change(text, chance);
  return typeof changed === 'string' ? Buffer.from(changed) : changed;
}

/** A place between two characters. */
const somewhere = (text: string, chance: Chance): number => chance.integer(text.length + 1);
const insert = (text: string, at: number, piece: string): string => text.slice(0, at) + piece + text.slice(at);

/** The places where a property begins. */
function property(text: string, chance: Chance): number {
  const all = [...text.matchAll(/"[^"\\\n]{1,60}"\s*:/g)];
  return all.length ? chance.pick(all).index : somewhere(text, chance);
}

const TEXT_CHANGES: readonly (readonly [string, (text: string, chance: Chance) => string | Uint8Array])[] = [
  ['a byte-order mark', (text) => `\ufeff${text}`],
  ['CRLF', (text) => text.replaceAll('\n', '\r\n')],
  ['CR', (text) => text.replaceAll('\n', '\r')],
  [
    'a comment',
    (text, chance) =>
      insert(text, property(text, chance), chance.pick(['// x\n', '/* x */', '/* never closed', '# x\n'])),
  ],
  ['a trailing comma', (text) => text.replace(/([\]}])(\s*)$/, ',$1$2')],
  [
    'a duplicate key',
    (text, chance) => {
      const at = property(text, chance);
      const [name = '"a":'] = /^"[^"\\\n]{1,60}"\s*:/.exec(text.slice(at)) ?? [];
      return insert(text, at, `${name} ${chance.pick(RAW_VALUES)}, `);
    },
  ],
  [
    'a strange key',
    (text, chance) =>
      insert(text, property(text, chance), `${JSON.stringify(chance.pick(KEYS))}: ${chance.pick(RAW_VALUES)}, `),
  ],
  [
    'a long key',
    (text, chance) =>
      insert(text, property(text, chance), `"${chance.pick(['x', '\\u001b[31m', 'é'])}${'k'.repeat(70_000)}": 1, `),
  ],
  ['cut off', (text, chance) => text.slice(0, somewhere(text, chance))],
  [
    'a character left out',
    (text, chance) => {
      const at = somewhere(text, chance);
      return text.slice(0, at) + text.slice(at + 1);
    },
  ],
  [
    'a character put in',
    (text, chance) =>
      insert(
        text,
        somewhere(text, chance),
        chance.pick([...'{}[]",:\\/-', '\0', '\u001b', '\ud800', '\u2028', '\\u', '\\x']),
      ),
  ],
  ['twice', (text) => text + text],
  [
    'something behind',
    (text, chance) => text + chance.pick(['x', '\0', '}', ']', '// x', ' '.repeat(100_000), '\n'.repeat(100_000)]),
  ],
  [
    'brackets before',
    (text, chance) => chance.pick(['[', '{"a":', '{', '/*', '"']).repeat(chance.pick([1, 50, 5_000, 100_000])) + text,
  ],
  [
    'blanks before',
    (text, chance) =>
      chance.pick([' ', '\n', '\t', '\u00a0', '<!-- x -->', '// x\n']).repeat(chance.pick([1, 1_000, 100_000])) + text,
  ],
  ['UTF-16', (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['Latin-1', (text) => Buffer.from(`${text}é`, 'latin1')],
  ['empty', () => ''],
  ['white space', (_, chance) => chance.pick([' ', '\n', '\ufeff', '\0']).repeat(chance.pick([1, 10_000]))],
  ['one value', (_, chance) => chance.pick(RAW_VALUES)],
  [
    'a conflict',
    (text, chance) => {
      const lines = text.split('\n');
      const at = chance.integer(lines.length);
      const line = lines[at]!;
      lines.splice(at, 1, '<<<<<<< ours', line, '=======', line, '>>>>>>> theirs');
      return lines.join('\n');
    },
  ],
  [
    'a line left out',
    (text, chance) => {
      const lines = text.split('\n');
      lines.splice(chance.integer(lines.length), 1);
      return lines.join('\n');
    },
  ],
  [
    'a line twice',
    (text, chance) => {
      const lines = text.split('\n');
      const at = chance.integer(lines.length);
      lines.splice(at, 0, lines[at]!);
      return lines.join('\n');
    },
  ],
  ['bytes', (text, chance) => changeBytes(Buffer.from(text), chance, [])],
];
