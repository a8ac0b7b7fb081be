import { unreadSentence } from '../../engine/report/unread-words';
import { formerVersion } from '../../protocol/report/former';
import type { DefenseReport } from '../../protocol/report/report';
import type { CheckResult } from '../../protocol/report/review';
import { warn } from './context';

/**
 * That the input model's file holds tensors that no layer reads where the base's report knows of none: a second set of weights waits for an
 * exchange of names. Reports of version 0.1 did not look.
 */
export function unreadResults({ model }: DefenseReport, base: DefenseReport | null): CheckResult[] {
  if (!base || !model.unread || base.model.unread || formerVersion(base) !== null) return [];
  return [
    warn(
      'model.unreadTensors',
      `${unreadSentence(model.unread)} In the base's report there are none.`,
      '/model/unread',
    ),
  ];
}
