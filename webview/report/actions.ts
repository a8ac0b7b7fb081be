import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { FromReport } from '../../server/protocol/messages/report-view';
import type { IssueId } from '../../server/protocol/report/review';
import type { Exported } from '../ui/charts/figure';

/** What a person can do on the page. What is null can't be done for this report: no button offers it. */
export interface Actions {
  inspect: ((layer: string, unit?: number) => void) | null;
  accept: ((issue: IssueId) => void) | null;
  run: (() => void) | null;
  command(command: Extract<FromReport, { type: 'command' }>['command']): void;
  save(exported: Exported): void;
  /** Tells people who do not see the page. */
  say(text: string, urgent?: boolean): void;
  /** Sections that are unfolded, and what folds them. */
  isOpen(section: string): boolean;
  setOpen(section: string, open: boolean): void;
}

export const ActionsContext = createContext<Actions | null>(null);

export function useActions(): Actions {
  const actions = useContext(ActionsContext);
  if (!actions) throw new Error('no actions above');
  return actions;
}
