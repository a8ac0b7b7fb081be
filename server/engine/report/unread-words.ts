import type { UnreadTensors } from '../../protocol/model';
import { count as inDigits } from '../../protocol/words';

/** What a model's file holds that no layer reads, in one sentence. */
export function unreadSentence({ count, bytes, names }: UnreadTensors): string {
  const more = count - names.length;
  const [tensors, them] = count === 1 ? ['a tensor', 'it'] : [`${inDigits(count)} tensors`, 'them'];
  return `The model's file holds ${tensors} (${inDigits(bytes)} bytes) that no layer reads: ${names.join(', ')}${more > 0 ? ` and ${inDigits(more)} more` : ''}. Other names in the file could make layers read ${them}.`;
}
