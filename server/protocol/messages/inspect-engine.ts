import type { PruneRule, Strategy } from '../config/config';
import type { Failure } from '../errors';
import type { EstimatedTrigger } from '../report/scan';
import type { InspectAnswer, InspectQuery, Overview } from './inspect';

/** Messages between the language server and the engine process that serves the inspector. */

/** Starts a query in the engine process that serves the inspector. Paths are absolute. */
export interface InspectSubject {
  config: string;
  root?: string;
  allowedFolders: string[];
  backend?: 'auto' | 'native' | 'wasm';
  nativeBinding?: string;
  /** The defended model and what was pruned in it, when there is one that its report vouches for. */
  defended: { model: string; weights: string; layer: string; pruned: number[] } | null;
  /**
   * For a config with a strategy: what its report says was pruned, and by which rule; `guide` is the estimate whose rise ordered the
   * units, where the rule has one. Absent or null without such a report.
   */
  repaired?: {
    strategy: Strategy;
    layer: string;
    rule: PruneRule;
    guide: { target: number; trigger: EstimatedTrigger } | null;
  } | null;
}

/** Language server → inspector's engine process. Queries are answered in the order of arrival; a cancelled one with `refused`. */
export type InspectCommand =
  | { type: 'inspect' }
  | { type: 'query'; id: number; subject: InspectSubject; query: InspectQuery }
  | { type: 'cancel-query'; id: number };

/** Inspector's engine process → language server. */
export type InspectEvent =
  | { type: 'ready' }
  | { type: 'log'; level: 'info' | 'warn'; message: string }
  | {
      type: 'progress-query';
      id: number;
      title: string;
      /** Share of this query that is done, 0 to 1. */ overall: number;
    }
  | { type: 'answer'; id: number; answer: EngineAnswer }
  | { type: 'refused'; id: number; failure: Failure };

/** As the engine answers: it does not know of reports. */
export type EngineAnswer = Exclude<InspectAnswer, Overview> | Omit<Overview, 'report'>;
