import { MODEL_FORM, MODEL_LABELS } from '../../../protocol/files';
import { kindWords, type FileKind } from '../../files/kinds';
import { floats, shortHash, statistics } from './values-text';

/** Texts, for diffs, of files that belong to no model that is known. */

/** A file that is no weights at all; its hash makes a change of it show. */
export function otherFileText(bytes: Uint8Array, kind: FileKind): string {
  return text([
    `This file ${kindWords(kind)}, ${bytes.length} bytes  sha256 ${shortHash(bytes)}`,
    `Fine-Prune reads ${MODEL_LABELS}: a ${MODEL_FORM} and the weight files that it names.`,
  ]);
}

/** Weight bytes of which no model is known. */
export function unknownWeightsText(bytes: Uint8Array, why: string): string {
  const figures = bytes.length > 0 && bytes.length % 4 === 0 ? [`as float32${statistics(floats(bytes))}`] : [];
  return text([`Weights, ${bytes.length} bytes  sha256 ${shortHash(bytes)}`, why, ...figures]);
}

const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`;
