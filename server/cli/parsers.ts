import { InvalidArgumentError } from 'commander';
import type { KnownTriggerConfig } from '../protocol/config/config';
import path from 'node:path';
import { sourceOfFiles } from '../engine/data/formats/registry';
import { contentWords, DATA_FORMATS, fieldsOf, type DataSource } from '../protocol/data-source';
import { badInput } from '../protocol/errors';
import { MOST_CLASSES } from '../protocol/shape/shape';

/** The kinds of trigger that a command line can name; `none` is for models whose trigger is not known. */
export const TRIGGER_KINDS = ['patch', 'blended', 'sinusoidal', 'warped'] as const;
export type TriggerKind = (typeof TRIGGER_KINDS)[number];

/** A parser of whole numbers from `least` to `most`, for commander. */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(
        `Expected a whole number from ${least}${most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ''}.`,
      );
    }
    return value;
  };
}

/** A parser of numbers above 0 and, unless `inclusive`, below `most`, for commander. */
export function share(most: number, inclusive: boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value > 0 && (inclusive ? value <= most : value < most))) {
      throw new InvalidArgumentError(`Expected a number above 0 and ${inclusive ? 'at most' : 'below'} ${most}.`);
    }
    return value;
  };
}

/** A parser of numbers from 0 to below 1, for commander. */
export function shareOrNone(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value < 1))
    throw new InvalidArgumentError('Expected a number from 0 to below 1.');
  return value;
}

/** Gathers an option that may be given several times. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Classes by number, for commander: `0,3,7`, ranges `0-9`, or both; ascending, each once. */
export function classList(text: string): number[] {
  const refuse = (): never => {
    throw new InvalidArgumentError('Expected class numbers separated by commas, or ranges: 0,3,7 or 0-9.');
  };
  const classes = new Set<number>();
  for (const part of text.split(',')) {
    const [, from, to = from] = /^\s*(\d{1,6})(?:\s*-\s*(\d{1,6}))?\s*$/.exec(part) ?? refuse();
    if (Number(to) < Number(from) || Number(to) >= MOST_CLASSES) refuse();
    for (let target = Number(from); target <= Number(to); target++) classes.add(target);
  }
  return [...classes].sort((a, b) => a - b);
}

/** A base name of files, for commander: no folder in it, nothing hidden. */
export function baseName(text: string): string {
  if (!/^[^\\/.\0][^\\/\0]*$/.test(text)) throw new InvalidArgumentError('Expected a name without folders.');
  return text;
}

/**
 * The files of a split, in the order of their format's fields: images, labels.
 * @returns paths made absolute from `cwd`
 * @throws FinePruneError `cli.usage` when no format has as many
 */
export async function typedSource(option: string, values: string[], cwd: string): Promise<DataSource> {
  const source = values.includes('') ? null : await sourceOfFiles(values.map((file) => path.resolve(cwd, file)));
  if (source) return source;
  const forms = DATA_FORMATS.map(fieldsOf);
  const takes = forms.map((fields) => `${FILE_COUNTS[fields.length]}, ${fields.map(contentWords).join(' and ')}`);
  const typed = forms.map((fields) => `${option} ${fields.map(({ name }) => name.toUpperCase()).join(' ')}`);
  throw badInput('cli.usage', `${option} takes ${takes.join(', or ')}, not ${values.length}.`, {
    todo: `Write ${typed.join(' or ')}; put everything else before it.`,
  });
}

const FILE_COUNTS = ['no file', 'one file', 'two files', 'three files'];

/** A trigger of a kind with the defaults of its parameters. */
export function defaultTrigger(kind: TriggerKind, target: number): KnownTriggerConfig {
  return { kind, target };
}
