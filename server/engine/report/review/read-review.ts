import { isDay } from '../../../protocol/day';
import { badInput } from '../../../protocol/errors';
import { pointerOf } from '../../../protocol/shape/pointer';
import { faultSentence, firstFault } from '../../../protocol/shape/shape-fault';
import { DefenseReview } from '../../../protocol/report/review';
import { placeWords } from '../json/places';
import { parseStrictJson, placeIn, type JsonKind } from '../json/strict-json';
import { REVIEW_FILE } from '../../../protocol/files';

const TODO = 'Correct it, or accept the finding again in the report.';
const REVIEW: JsonKind = {
  code: 'review',
  noun: 'list of decisions',
  todo: TODO,
  maxBytes: REVIEW_FILE.mostBytes,
  forgivingList: '/decisions',
};

/**
 * Reads the text of `<name>.defense-review.json`. A comma too few or too many between two decisions is forgiven: merging two
 * branches that each add one may leave that, and the next decision that is written mends it.
 *
 * @param file for messages; nothing is read
 * @throws FinePruneError of kind `input`, its place a JSON pointer with line and column: `review.tooLarge`, `.empty`, `.syntax`,
 *   `.tooDeep`, `.duplicateKey`, `.number`, `.version`, `.schema`, `.date`
 */
export function readReview(text: string, file: string): DefenseReview {
  const value = parseStrictJson(text, file, REVIEW);
  const refuse = (word: string, message: string, pointer: string, todo = TODO): never => {
    throw badInput(`review.${word}`, message, { file, place: placeWords(text, pointer, placeIn(text, pointer)), todo });
  };
  const version = (value as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version === 'number' && version !== 1 && version !== 2) {
    refuse(
      'version',
      `These decisions have schemaVersion ${version}; this version of Fine-Prune reads 1 and 2.`,
      '/schemaVersion',
      'Use the version of Fine-Prune that wrote them.',
    );
  }
  const fault = firstFault(DefenseReview, value);
  if (fault) refuse('schema', faultSentence(fault), pointerOf(fault.path));
  const review = value as DefenseReview;
  review.decisions.forEach((decision, at) => {
    for (const key of ['date', 'expires'] as const) {
      if (decision[key] !== undefined && !isDay(decision[key]))
        refuse(
          'date',
          `${decision[key]} is not a valid date.`,
          `/decisions/${at}/${key}`,
          'Give a date as YYYY-MM-DD.',
        );
    }
  });
  return review;
}
