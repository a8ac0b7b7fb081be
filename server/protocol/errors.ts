import * as v from 'valibot';
import { shortText } from './shape/shape';
import { MOST_NAME, named, plain } from './text/plain';

/** Who has to act: `input` the person's files or settings, `engine` the machinery, `cancelled` nobody. */
export const FailureKind = v.picklist(['input', 'engine', 'cancelled']);
export type FailureKind = v.InferOutput<typeof FailureKind>;

/** A failure as it travels between processes: plain data, ready to be shown where the person looks. */
export const Failure = v.object({
  kind: FailureKind,
  /** Stable word for tests, quick fixes and CI, such as `model.shardTooShort`. */
  code: shortText,
  /** One sentence: what is wrong and what was expected. */
  message: shortText,
  /** Absolute path of the file at fault, when there is one. */
  file: v.optional(shortText),
  /** Where in the file: a JSON path such as `/trigger/target`, a tensor name, or a byte offset in words. */
  place: v.optional(shortText),
  /** One sentence that says what to do next. */
  todo: v.optional(shortText),
});
export type Failure = v.InferOutput<typeof Failure>;

/** A fault in the text of a config, found by the engine's reader and shown by terminal and editor in the same words. */
export interface ConfigProblem {
  /** Stable word, such as `config.unknownField`. */
  code: string;
  /** One sentence: what is wrong and what was expected. */
  message: string;
  /** JSON pointer such as `/trigger/target`; empty for the whole config and for broken syntax. */
  path: string;
  /** Range in the text, in UTF-16 units. */
  offset: number;
  length: number;
  todo?: string;
}

/** Most characters of the path of a file, where it is shown. */
const MOST_PATH = 4 * MOST_NAME;

/**
 * The one error type that is meant for people; everything else that is thrown is a defect. Its sentences are safe to show wherever they
 * end up, whatever the names in them are; file and place are as they are, since programs open and find them.
 */
export class FinePruneError extends Error implements Failure {
  readonly kind: FailureKind;
  readonly code: string;
  readonly file?: string;
  readonly place?: string;
  readonly todo?: string;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(plain(failure.message), options);
    this.name = 'FinePruneError';
    this.kind = failure.kind;
    this.code = failure.code;
    if (failure.file !== undefined) this.file = failure.file;
    if (failure.place !== undefined) this.place = failure.place;
    if (failure.todo !== undefined) this.todo = plain(failure.todo);
  }

  /** The plain value to send over IPC or JSON-RPC. */
  toFailure(): Failure {
    const { kind, code, message, file, place, todo } = this;
    return { kind, code, message, ...(file && { file }), ...(place && { place }), ...(todo && { todo }) };
  }
}

/**
 * Any thrown value as a Failure: a FinePruneError's own; a cancellation, however Node says it; of anything else, which is a defect or a
 * machine's fault, what the caller makes of its message.
 */
export function failureFrom(error: unknown, otherwise: (message: string) => Failure): Failure {
  if (error instanceof FinePruneError) return error.toFailure();
  if (error instanceof Error && error.name === 'AbortError') return cancelled().toFailure();
  return new FinePruneError(otherwise(error instanceof Error ? error.message : String(error))).toFailure();
}

/** Bad input: the person's file or setting is at fault. */
export function badInput(
  code: string,
  message: string,
  where: { file?: string; place?: string; todo?: string } = {},
): FinePruneError {
  return new FinePruneError({ kind: 'input', code, message, ...where });
}

/** Thrown within one batch of a cancellation. */
export function cancelled(): FinePruneError {
  return new FinePruneError({
    kind: 'cancelled',
    code: 'cancelled',
    message: 'The run was cancelled.',
  });
}

/** A failure as people read it in a terminal or a log: sentence, place, next step. */
export function describeFailure(f: Failure): string {
  const where = [f.file, f.place]
    .filter((one) => one !== undefined && one !== '')
    .map((one) => named(one!, MOST_PATH))
    .join(' · ');
  return [f.message, where && `  at ${where}`, f.todo && `  → ${f.todo}`].filter(Boolean).join('\n');
}
