import { rate } from '../../../metrics/rate';
import { canonicalJson } from '../../../files/hash';
import { pointerPath } from '../../../../protocol/shape/pointer';
import { faultSentence } from '../../../../protocol/shape/shape-fault';

type Fields = Readonly<Record<string, unknown>>;

/** What a file of version 1 says where that version has no place for it, or twice and not alike. This version's shape does not see it. */
class FormerFault extends Error {
  /**
   * @param pointer JSON pointer into the file as it is
   * @param what what follows the place in a sentence
   */
  constructor(
    readonly kind: 'schema' | 'figure',
    readonly pointer: string,
    readonly what: string,
  ) {
    super(what);
  }
}

/** Fields of this version, which version 1 did not have and the upgrade sets. @throws FormerFault */
export function refuseLater(fields: Fields, pointer: string, ...later: readonly string[]): void {
  const found = later.find((key) => Object.hasOwn(fields, key));
  if (found !== undefined) throw new FormerFault('schema', pointer, `has an unknown field \`${found}\``);
}

/** Fields beside the ones that there are. @throws FormerFault */
export function refuseOthers(fields: Fields, pointer: string, known: readonly string[]): void {
  refuseLater(fields, pointer, ...Object.keys(fields).filter((key) => !known.includes(key)));
}

/**
 * The rates by class of a stage, which follow from its matrix; none beside a sparse one, which is there above 100 classes alone.
 * @param stage whose matrix is one, or sparse
 * @throws FormerFault
 */
export function checkClassRates(stage: Fields, pointer: string): void {
  const { perClass, confusion, triggeredConfusion, sparse } = stage;
  if (!Array.isArray(perClass)) throw new FormerFault('schema', pointer, 'has no list `perClass`');
  const matrix = confusion as readonly (readonly number[])[];
  const empty = (list: unknown): boolean => Array.isArray(list) && list.length === 0;
  if (sparse !== undefined) {
    if (!empty(perClass) || !empty(matrix) || (triggeredConfusion !== null && !empty(triggeredConfusion)))
      throw new FormerFault('figure', `${pointer}/sparse`, 'is there beside full matrices');
    return;
  }
  if (perClass.length !== matrix.length)
    throw new FormerFault(
      'figure',
      `${pointer}/perClass`,
      `has ${perClass.length} entries; ${matrix.length} were expected, one rate per class`,
    );
  perClass.forEach((found: unknown, label) => {
    const row = matrix[label]!;
    const expected = rate(
      row[label]!,
      row.reduce((a, b) => a + b, 0),
    );
    if (canonicalJson(found) !== canonicalJson(expected))
      throw new FormerFault('figure', `${pointer}/perClass/${label}`, 'does not follow from the confusion matrix');
  });
}

/** What an upgrade gives; a fault of the file goes to the reader's refusal. */
export function former<T>(upgrade: () => T, refuse: (word: string, message: string, pointer: string) => never): T {
  try {
    return upgrade();
  } catch (error) {
    if (!(error instanceof FormerFault)) throw error;
    refuse(error.kind, faultSentence({ path: pointerPath(error.pointer), what: error.what }), error.pointer);
  }
}
