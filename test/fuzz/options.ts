import { parseArgs } from 'node:util';
import { KINDS, kindNamed } from './kinds/kinds';

export const HELP = `npm run fuzz -- [minutes] [seed]     changed files of every kind that is read; default: 5 minutes, a seed of the day

  --only KIND      one kind: ${KINDS.map(({ name }) => name).join(', ')}; may be repeated
  --input KIND:N   one input and nothing else, by every way of reading
  --seed N         the same as the second argument
  --count N        end after so many inputs of the engine's readers, however long it takes
  --ways WAYS      engine, cli, server, or several with commas; default: all
  --keep           keep inputs with a fault in out/fuzz/
  --outcomes       list all distinct outcomes at the end
  --help

Ends with a table, and with exit code 1 where there was any fault. Each fault is shown with what makes its input again. The write phase of a run is tried by npm run kill.`;

export const WAYS = ['engine', 'cli', 'server'] as const;
export type Way = (typeof WAYS)[number];

export interface Options {
  minutes: number;
  seed: number;
  kinds: readonly string[];
  input: { kind: string; number: number } | null;
  count: number;
  ways: readonly Way[];
  keep: boolean;
  outcomes: boolean;
  help: boolean;
}

/** @throws Error for an argument that is none of these */
export function optionsOf(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: 'string', multiple: true },
      input: { type: 'string' },
      seed: { type: 'string' },
      count: { type: 'string' },
      ways: { type: 'string' },
      keep: { type: 'boolean', default: false },
      outcomes: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [minutes = '5', seed = values.seed ?? String(Math.floor(Date.now() / 86_400_000))] = positionals;
  const [kind, at] = values.input?.split(':') ?? [];
  const ways = (values.ways?.split(',') ?? WAYS) as Way[];
  const wrong = ways.find((way) => !WAYS.includes(way));
  if (wrong !== undefined || positionals.length > 2)
    throw new Error(`${wrong ?? positionals[2]} was not expected: see --help.`);
  for (const name of [...(values.only ?? []), ...(kind === undefined ? [] : [kind])]) kindNamed(name);
  return {
    minutes: numberOf(minutes),
    seed: numberOf(seed),
    kinds: values.only ?? KINDS.map(({ name }) => name),
    input: kind === undefined ? null : { kind, number: numberOf(at ?? '') },
    count: values.count === undefined ? Infinity : numberOf(values.count),
    ways,
    keep: values.keep,
    outcomes: values.outcomes,
    help: values.help,
  };
}

function numberOf(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new Error(`"${text}" is not a number: see --help.`);
  return value;
}
