import type { Chance } from '../chance';
import { KEYS, RAW_VALUES, STRINGS } from './numbers';

type Json = unknown;
type Container = Json[] | Record<string, Json>;

/** A value inside a document: where it is, and what it is. */
interface Place {
  readonly parent: Container;
  readonly key: string | number;
  readonly path: string;
}

/** A document while it is changed. Texts that JSON can't say are put in when it is written. */
export class Draft {
  readonly how: string[] = [];
  private readonly raws: string[] = [];
  private readonly root: { root?: Json };

  constructor(
    value: Json,
    readonly chance: Chance,
  ) {
    this.root = { root: structuredClone(value) };
  }

  get value(): Json {
    return this.root.root;
  }

  /** A stand-in for a text, whatever it is. */
  raw(text: string): string {
    return `@@raw:${this.raws.push(text) - 1}@@`;
  }

  text(indent: number): string {
    const plain = JSON.stringify(this.value, null, indent) ?? 'null';
    return plain.replace(/"@@raw:(\d+)@@"/g, (_, at: string) => this.raws[Number(at)]!);
  }

  /** A place in the document; with `of`, one whose path fits, if there is one. */
  place(of?: RegExp): Place {
    const places: Place[] = [];
    // It may have been removed as a whole.
    if (!('root' in this.root)) this.root.root = null;
    collect(this.root, '', places);
    const fitting = of ? places.filter(({ path }) => of.test(path)) : [];
    return this.chance.pick(fitting.length ? fitting : places);
  }

  /** Changes one value. @param of where: a pattern of JSON pointers */
  change(of?: RegExp): void {
    const place = this.place(of);
    const [name, change] = this.chance.pick(CHANGES);
    change(this, place);
    this.how.push(`${name} ${place.path.slice(0, 120) || '/'}`);
  }
}

const get = ({ parent, key }: Place): Json => (parent as Record<string | number, Json>)[key];
function set({ parent, key }: Place, value: Json): void {
  // As an own property, whatever it is called.
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
}
const isContainer = (value: Json): value is Container => typeof value === 'object' && value !== null;

/** All places, the first 20,000. */
function collect(value: Container, path: string, into: Place[]): void {
  for (const [key, inner] of Object.entries(value)) {
    if (into.length >= 20_000) return;
    const at = path === '' && key === 'root' && into.length === 0 ? '' : `${path}/${key}`;
    into.push({ parent: value, key, path: at });
    if (isContainer(inner)) collect(inner, at, into);
  }
}

/** A string from 1,000 to 300,000 characters long. */
const long = (chance: Chance): string =>
  chance.pick(['x', '\u001b[31m', 'é', '"', '\\', '/', '\u0000', '🎈']).repeat(chance.pick([1_000, 70_000, 300_000]));

const nested = (chance: Chance): string => {
  const depth = chance.pick([9, 33, 100, 2_000, 20_000, 200_000]);
  const [open, close] = chance.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"config":', '}]'],
  ] as const);
  return `${open.repeat(depth)}1${close.repeat(depth)}`;
};

type Change = (draft: Draft, place: Place) => void;

const CHANGES: readonly (readonly [string, Change])[] = [
  ['number at', (draft, place) => set(place, draft.raw(draft.chance.pick(RAW_VALUES)))],
  ['number at', (draft, place) => set(place, draft.raw(draft.chance.pick(RAW_VALUES)))],
  ['string at', ({ chance }, place) => set(place, chance.pick(STRINGS))],
  ['string at', ({ chance }, place) => set(place, chance.pick(STRINGS))],
  ['long string at', ({ chance }, place) => set(place, long(chance))],
  ['nesting at', (draft, place) => set(place, draft.raw(nested(draft.chance)))],
  [
    'removal of',
    (_, place) =>
      void (Array.isArray(place.parent) ? place.parent.splice(Number(place.key), 1) : delete place.parent[place.key]),
  ],
  [
    'removal of',
    (_, place) =>
      void (Array.isArray(place.parent) ? place.parent.splice(Number(place.key), 1) : delete place.parent[place.key]),
  ],
  [
    'another type at',
    ({ chance }, place) =>
      set(place, chance.pick([null, true, 0, '', [], {}, [get(place)], { value: get(place) }, String(get(place))])),
  ],
  ['step at', ({ chance }, place) => set(place, step(get(place), chance))],
  ['step at', ({ chance }, place) => set(place, step(get(place), chance))],
  ['step at', ({ chance }, place) => set(place, step(get(place), chance))],
  ['a copy of another value at', (draft, place) => set(place, structuredClone(get(draft.place())))],
  ['an added field at', ({ chance }, place) => addField(place, chance)],
  ['a renamed field at', ({ chance }, place) => rename(place, chance)],
  ['another list at', ({ chance }, place) => set(place, relist(get(place), chance))],
  ['another list at', ({ chance }, place) => set(place, relist(get(place), chance))],
  [
    'values exchanged at',
    (draft, place) => exchange(place, draft.place(new RegExp(`/${escaped(String(place.key))}$`))),
  ],
];

const escaped = (text: string): string => text.replace(/[^\w]/g, '\\$&');

/** A value of the same type that is near. */
function step(value: Json, chance: Chance): Json {
  if (typeof value === 'number')
    return chance.pick([
      value + 1,
      value - 1,
      -value,
      value * 2,
      value / 2,
      value + 1e-9,
      Math.round(value),
      value * 1e6,
    ]);
  if (typeof value === 'boolean') return !value;
  if (typeof value !== 'string') return value;
  const at = chance.integer(value.length + 1);
  return chance.pick([
    value + value,
    value.slice(0, at),
    `${value.slice(0, at)}${chance.pick(STRINGS)}${value.slice(at)}`,
    value.toUpperCase(),
    /^[0-9a-f]{64}$/.test(value) ? `${value.slice(0, 63)}${value.endsWith('0') ? '1' : '0'}` : `${value}1`,
  ]);
}

function addField(place: Place, chance: Chance): void {
  const inner = get(place);
  const key = chance.pick(KEYS);
  const owner = isContainer(inner) && !Array.isArray(inner) ? inner : place.parent;
  if (Array.isArray(owner)) owner.push(structuredClone(inner));
  else
    set({ parent: owner, key, path: '' }, chance.pick([null, 1, 'x', [], { polluted: true }, structuredClone(inner)]));
}

function rename(place: Place, chance: Chance): void {
  if (Array.isArray(place.parent)) return set(place, { [String(chance.pick(KEYS))]: get(place) });
  const value = get(place);
  delete place.parent[place.key];
  set({ ...place, key: chance.pick([...KEYS, String(place.key).toUpperCase(), `${place.key}s`]) }, value);
}

function relist(value: Json, chance: Chance): Json {
  if (!Array.isArray(value))
    return isContainer(value) ? Object.fromEntries(chance.shuffled(Object.entries(value))) : [value];
  const [first = 0] = value;
  const size = Math.max(1, JSON.stringify(first)?.length ?? 1);
  return chance.pick([
    () => [],
    () => [...value].reverse(),
    () => chance.shuffled(value),
    () => [...value, first],
    () => value.slice(0, -1),
    // At most some hundred kilobytes of text.
    () => Array.from({ length: Math.min(chance.pick([100, 5_000, 40_000]), Math.ceil(400_000 / size)) }, () => first),
  ])();
}

function exchange(a: Place, b: Place): void {
  const [one, other] = [structuredClone(get(a)), structuredClone(get(b))];
  set(a, other);
  set(b, one);
}
