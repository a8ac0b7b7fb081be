import { badInput, type FinePruneError } from '../../../../protocol/errors';
import { pointerOf, pointerPath } from '../../../../protocol/shape/pointer';

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value for a message: short, and never walked deeply, since it may be hostile. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (isObject(value)) return 'an object';
  if (Array.isArray(value))
    return value.length <= 8 && !value.some((item) => typeof item === 'object' && item !== null)
      ? `[${value.map(shown).join(', ')}]`
      : 'a list';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** A value inside a JSON file, with what is needed to say where it stands. */
export class JsonNode {
  constructor(
    readonly value: unknown,
    readonly file: string,
    /** JSON path, such as `/modelTopology/config/layers/3`. */
    readonly place: string,
    /** What messages begin with, such as `Layer "conv2d_1"`. */
    readonly what: string,
  ) {}

  /** The member of that name (undefined where there is none). */
  at(key: string | number, what = this.what): JsonNode {
    const value = Array.isArray(this.value)
      ? this.value[Number(key)]
      : isObject(this.value) && Object.hasOwn(this.value, key)
        ? this.value[key]
        : undefined;
    return new JsonNode(value, this.file, this.place + pointerOf([key]), what);
  }

  /** The value at a place below this one, such as `/config/layers/3`. */
  follow(place: string): JsonNode {
    return pointerPath(place).reduce<JsonNode>((node, key) => node.at(key), this);
  }

  /** A value that the file implies rather than says; faults in it point to this place. */
  literal(value: unknown): JsonNode {
    return new JsonNode(value, this.file, this.place, this.what);
  }

  get present(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  object(): JsonObject {
    if (!isObject(this.value)) throw this.wrong('an object');
    return this.value;
  }

  array(): readonly unknown[] {
    if (!Array.isArray(this.value)) throw this.wrong('a list');
    return this.value;
  }

  items(what = this.what): JsonNode[] {
    return this.array().map((_, i) => this.at(i, what));
  }

  string(): string {
    if (typeof this.value !== 'string') throw this.wrong('a string');
    return this.value;
  }

  boolean(fallback: boolean): boolean {
    if (!this.present) return fallback;
    if (typeof this.value !== 'boolean') throw this.wrong('true or false');
    return this.value;
  }

  number(fallback?: number, range = 'a finite number', fits: (n: number) => boolean = () => true): number {
    if (!this.present && fallback !== undefined) return fallback;
    if (typeof this.value !== 'number' || !Number.isFinite(this.value) || !fits(this.value)) throw this.wrong(range);
    return this.value;
  }

  /** A whole number from `low` to `high`. */
  integer(low: number, high: number, fallback?: number): number {
    return this.number(
      fallback,
      `a whole number from ${low} to ${high}`,
      (n) => Number.isSafeInteger(n) && n >= low && n <= high,
    );
  }

  /** One whole number for both directions, or two. */
  pair(low: number, high: number, fallback?: readonly [number, number]): readonly [number, number] {
    if (!this.present && fallback) return fallback;
    if (!Array.isArray(this.value)) {
      const both = this.integer(low, high);
      return [both, both];
    }
    if (this.value.length !== 2) throw this.wrong('one number, or two');
    return [this.at(0).integer(low, high), this.at(1).integer(low, high)];
  }

  /** The file says something here that can't be what it should be. */
  wrong(expected: string): FinePruneError {
    const key = this.place.slice(this.place.lastIndexOf('/') + 1);
    return this.refuse(
      'model.badTopology',
      `${this.what}: "${key}" is ${shown(this.value)}, expected ${expected}.`,
      'The file is damaged or was not written by a TF.js or Keras exporter: export the model again.',
    );
  }

  refuse(code: string, message: string, todo: string): FinePruneError {
    return badInput(code, message, { file: this.file, place: this.place || '/', todo });
  }
}
