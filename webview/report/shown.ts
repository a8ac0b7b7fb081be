import { useEffect, useRef, useState } from 'preact/hooks';
import type { FromReport, ReportPageState, ToReport } from '../../server/protocol/messages/report-view';
import { withSettings } from '../../server/protocol/report/run-settings';
import type { Host } from '../ui/host';

export type View = Extract<ToReport, { type: 'view' }>;

/** A report, or why it can't be shown. */
export type Shown = View | Extract<ToReport, { type: 'broken' }>;

/**
 * What the host sent last, said aloud when it comes: the report, and how what a button did has ended.
 * @param onDropped gets what hears of a message that this page could not take
 */
export function useShown(
  host: Host<ToReport, FromReport, ReportPageState>,
  onDropped: (hear: (why: string) => void) => void,
  say: (text: string, urgent?: boolean) => void,
): { shown: Shown | null; told: { message: string; failed: boolean } | null } {
  const [shown, setShown] = useState<Shown | null>(null);
  const [told, setTold] = useState<{ message: string; failed: boolean } | null>(null);
  const spokenOf = useRef('');

  useEffect(() => {
    onDropped((why) => setShown(notUnderstood(why)));
    const end = host.listen((message) => {
      if (message.type === 'told') {
        setTold(message);
        say(message.message, message.failed);
        return;
      }
      setShown(message);
      setTold(null);
      // A view comes with every edit of the text: what is the same is not read again.
      const text = message.type === 'view' ? spokenText(message) : `${message.name}: ${message.failure.message}`;
      if (text !== spokenOf.current) say(text, message.type === 'broken');
      spokenOf.current = text;
    });
    host.post({ type: 'ready' });
    return end;
  }, []);
  return { shown, told };
}

function notUnderstood(why: string): Shown {
  return {
    type: 'broken',
    name: 'The report',
    failure: {
      kind: 'input',
      code: 'page.message',
      message: `It contains something that this page can’t show (${why}).`,
      todo: 'Open it as text.',
    },
  };
}

/** What is said of a report when it comes. */
function spokenText({
  name,
  view: {
    report: { verdict },
    settings = [],
  },
}: View): string {
  return `${name}: ${[verdict.word, withSettings(settings)].filter(Boolean).join(' ')}. ${verdict.sentence}`;
}
