import { plain } from '../../../protocol/text/plain';
import { jsonText } from '../../../protocol/text/json-text';
import { canonicalJson } from '../../files/hash';

const MOST_TEXT = 300;
const MOST_ITEMS = 100;

/** JSON for a block of code, keys sorted: a report just made and one that was read give the same text; what is long is cut. */
export function jsonBlock(value: unknown): string {
  const short = (inner: unknown): unknown => {
    if (typeof inner === 'string') return inner.length > MOST_TEXT ? plain(inner, MOST_TEXT) : inner;
    if (Array.isArray(inner))
      return inner.length > MOST_ITEMS
        ? [...inner.slice(0, MOST_ITEMS).map(short), `… and ${inner.length - MOST_ITEMS} more`]
        : inner.map(short);
    if (typeof inner !== 'object' || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, one]) => [plain(key, MOST_TEXT), short(one)]));
  };
  return jsonText(short(JSON.parse(canonicalJson(value))));
}
