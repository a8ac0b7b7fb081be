import type { Failure } from '../errors';
import type { ReportView } from './lsp';
import type { IssueId, ReportComparison } from '../report/review';

/** Messages between the pages of a rendered report and of a comparison and their hosts (client/panels). Both ends validate. */

/** What a picture or table is saved as. */
export interface ExportMessage {
  type: 'export';
  name: string;
  format: 'svg' | 'png' | 'csv';
  content: Uint8Array;
}

/** Editor → page of a rendered report. */
export type ToReport =
  /** Sent after `ready` and after every change of the text. */
  | {
      type: 'view';
      name: string;
      view: ReportView;
      /** Whether the text is a file here, so that decisions and inspection are possible. */ local: boolean;
      trusted: boolean;
    }
  /** The text is no report, at the moment or at all. */
  | { type: 'broken'; name: string; failure: Failure }
  | { type: 'told'; message: string; failed: boolean };

/** Page of a rendered report → editor. */
export type FromReport =
  | { type: 'ready' }
  | { type: 'inspect'; layer: string; unit?: number }
  | { type: 'accept'; issue: IssueId }
  | { type: 'command'; command: 'open-text' | 'open-config' | 'compare' | 'run' | 'show-log' }
  | ExportMessage
  | { type: 'fault'; message: string };

/** Kept by the page, so that hiding it loses nothing. */
export interface ReportPageState {
  version: 1;
  /** Sections that are unfolded. */
  open: string[];
  scroll: number;
}

/** One side of a comparison, as it can be read again. */
export interface ComparedSide {
  /** URI of any scheme. */
  uri: string;
  /** What people call it: `HEAD`, `working tree`, a path. */
  label: string;
}

/** Panel → page of a comparison. */
export type ToCompare =
  /** `state` is for the page to keep. */
  | {
      type: 'comparison';
      state: ComparePageState;
      name: string;
      labels: { base: string; head: string };
      comparison: ReportComparison;
    }
  | {
      type: 'broken';
      state: ComparePageState;
      name: string;
      labels: { base: string; head: string };
      failure: Failure;
      side: 'base' | 'head' | null;
    }
  | { type: 'told'; message: string; failed: boolean };

/** Page of a comparison → panel. */
export type FromCompare =
  | { type: 'ready' }
  | { type: 'open'; side: 'base' | 'head' }
  | { type: 'command'; command: 'text-diff' | 'show-log' }
  | ExportMessage
  | { type: 'fault'; message: string };

/** Kept by the page, so that a comparison comes back when the window is loaded again. */
export interface ComparePageState {
  version: 1;
  base: ComparedSide | null;
  head: ComparedSide | null;
}
