import { getNodeValue, parseTree, printParseErrorCode, visit } from 'jsonc-parser';
import { badInput, type FinePruneError } from '../../../protocol/errors';
import { kindOfText } from '../../files/file-kind';
import { fileKind, kindWords } from '../../files/kinds';
import { pointerOf, pointerPath } from '../../../protocol/shape/pointer';
import { beyondBounds } from '../../../json/bounds';
import { placeWords } from './places';
import { SYNTAX_WORDS } from '../../files/json-faults';
import { limitMegabytes } from '../../../protocol/words';

/** Reports and decisions are some six levels deep; a report of a layer of 20,000 units has 600,000 values. */
const BOUNDS = { depth: 32, values: 750_000 };

/** What is read, for codes and messages. */
export interface JsonKind {
  /** First part of the codes of its faults, such as `report`. */
  code: string;
  /** What people call it, such as `defense report`. */
  noun: string;
  /** What to do about a file that is none. */
  todo: string;
  maxBytes: number;
  /** Also take a comma too few or too many between the entries of this list, as merges leave them. */
  forgivingList?: string;
}

/**
 * Parses JSON of unknown origin: bounded in size and depth, every number finite, no key given twice and none named `__proto__`,
 * all of which `JSON.parse` would let through.
 *
 * @param file for messages; nothing is read
 * @throws FinePruneError `<code>.tooLarge`, `.empty`, `.lfsPointer`, `.otherFormat`, `.tooDeep`, `.syntax`, `.duplicateKey`, `.number`, with line and column
 */
export function parseStrictJson(text: string, file: string, kind: JsonKind): unknown {
  const fault = (word: string, message: string, offset: number, pointer = '', todo = kind.todo): FinePruneError =>
    badInput(`${kind.code}.${word}`, message, { file, place: placeWords(text, pointer, offset), todo });
  if (text.length > kind.maxBytes || Buffer.byteLength(text) > kind.maxBytes) {
    throw badInput(
      `${kind.code}.tooLarge`,
      `This file is larger than ${limitMegabytes(kind.maxBytes)}, too large for a ${kind.noun}.`,
      { file, todo: kind.todo },
    );
  }
  if (text.trim() === '')
    throw badInput(`${kind.code}.empty`, `This file is empty; a ${kind.noun} was expected.`, { file, todo: kind.todo });
  const other = kindOfText(text);
  if (other) {
    const isPointer = other === 'lfs-pointer';
    throw badInput(
      `${kind.code}.${isPointer ? 'lfsPointer' : 'otherFormat'}`,
      `This file ${kindWords(fileKind(other))}, not a ${kind.noun}.`,
      { file, todo: isPointer ? 'Run `git lfs pull` in the repository, then try again.' : kind.todo },
    );
  }
  const beyond = beyondBounds(text, BOUNDS);
  if (beyond?.what === 'depth')
    throw fault('tooDeep', `This file is nested too deeply for a ${kind.noun}.`, beyond.offset);
  if (beyond) throw fault('tooLarge', `This file has too many values for a ${kind.noun}.`, beyond.offset);
  const value = parsed(text, kind, (message, offset) =>
    fault('syntax', message, offset, '', 'Correct it here, or write the file again.'),
  );
  checkKeys(text, (message, offset, pointer) => fault('duplicateKey', message, offset, pointer, 'Remove it.'));
  const bad = endless(value);
  if (bad !== null)
    throw fault('number', 'This number is too large.', placeIn(text, bad), bad, 'Correct it, or write the file again.');
  return value;
}

function parsed(
  text: string,
  { noun, forgivingList }: JsonKind,
  fault: (message: string, offset: number) => FinePruneError,
): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const found = syntaxFault(text, forgivingList);
    if (found === null && forgivingList !== undefined)
      return getNodeValue(parseTree(text, [], { allowTrailingComma: true, disallowComments: true })!);
    const { offset, words } = found ?? {
      offset: Number(/position (\d+)/.exec((error as Error).message)?.[1] ?? 0),
      words: 'syntax error',
    };
    throw fault(`This is not a ${noun}: the text is not valid JSON: ${words}.`, offset);
  }
}

/** The first place where a text is not JSON; null when there is none, but for commas in a list that forgives them. */
function syntaxFault(text: string, forgivingList: string | undefined): { offset: number; words: string } | null {
  let first: { offset: number; words: string } | null = null;
  let path: () => (string | number)[] = () => [];
  visit(
    text,
    {
      onArrayBegin: (_offset, _length, _line, _character, supplier) => void (path = supplier),
      onError: (code, offset, length) => {
        const name = printParseErrorCode(code);
        const between =
          (name === 'CommaExpected' && text[offset] === '{') || (name === 'ValueExpected' && text[offset] === ',');
        if (first !== null || (between && forgivingList !== undefined && pointerOf(path()).startsWith(forgivingList)))
          return;
        const word = /^-?[A-Za-z]*/.exec(text.slice(offset, offset + Math.max(length, 10)))![0];
        const known = /^-?(NaN|Infinity)$/.test(word) ? `${word} is not a valid JSON number` : STRICT_WORDS[name];
        first = { offset, words: known ?? 'syntax error' };
      },
    },
    { disallowComments: true, allowTrailingComma: forgivingList !== undefined },
  );
  return first;
}

/** Keys that the parsed value would hide: a second one of the same name, and `__proto__`. */
function checkKeys(text: string, fault: (message: string, offset: number, pointer: string) => FinePruneError): void {
  const open: Set<string>[] = [];
  visit(
    text,
    {
      onObjectBegin: () => void open.push(new Set()),
      onObjectEnd: () => void open.pop(),
      onObjectProperty: (name, offset, _length, _line, _character, path) => {
        const seen = open.at(-1)!;
        if (name === '__proto__')
          throw fault('`__proto__` is not a field of this file.', offset, pointerOf([...path(), name]));
        if (seen.has(name))
          throw fault(
            `\`${name.slice(0, 60)}\` is given twice; readers would see different values.`,
            offset,
            pointerOf([...path(), name]),
          );
        seen.add(name);
      },
    },
    { disallowComments: true },
  );
}

/** Pointer to the first number that is not finite, such as 1e999; null when all are. */
function endless(value: unknown): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : '';
  if (typeof value !== 'object' || value === null) return null;
  const below = (key: string | number, inner: unknown): string | null => {
    const found = endless(inner);
    return found === null ? null : pointerOf([key]) + found;
  };
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const found = Number.isFinite(value[at]) ? null : below(at, value[at]);
      if (found !== null) return found;
    }
    return null;
  }
  for (const key of Object.keys(value)) {
    const found = below(key, (value as Record<string, unknown>)[key]);
    if (found !== null) return found;
  }
  return null;
}

/** Offset of what a pointer names, or of the nearest thing around it. Keeps nothing of the text: it may be large and no report. */
export function placeIn(text: string, pointer: string): number {
  const wanted = pointerPath(pointer);
  let found = { depth: -1, offset: 0 };
  const look = (offset: number, path: readonly (string | number)[]): boolean => {
    const onTheWay = path.length <= wanted.length && path.every((part, at) => String(part) === wanted[at]);
    if (onTheWay && path.length > found.depth) found = { depth: path.length, offset };
    return onTheWay && path.length < wanted.length;
  };
  visit(text, {
    onObjectBegin: (offset, _length, _line, _character, path) => look(offset, path()),
    onArrayBegin: (offset, _length, _line, _character, path) => look(offset, path()),
    onLiteralValue: (_value, offset, _length, _line, _character, path) => void look(offset, path()),
  });
  return found.offset;
}

/** A report is plain JSON. */
const STRICT_WORDS: Record<string, string> = {
  ...SYNTAX_WORDS,
  InvalidSymbol: 'unexpected token',
  InvalidCommentToken: 'JSON does not allow comments',
};
