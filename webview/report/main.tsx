import { render } from 'preact';
import {
  parseReportPageState,
  parseToReport,
  type FromReport,
  type ReportPageState,
  type ToReport,
} from '../../server/protocol/messages/report-view';
import { connectHost } from '../ui/host';
import '../ui/theme.css';
import { App } from './app';
import './page.css';

let dropped: (why: string) => void = () => undefined;
const host = connectHost<ToReport, FromReport, ReportPageState>(parseToReport, parseReportPageState, (value, error) => {
  // Everything but a passing remark is what the page shows: the old one would pass for it.
  if ((value as { type?: unknown } | null)?.type !== 'told')
    dropped(error instanceof Error ? error.message : String(error));
});

const place = document.getElementById('app');
if (place) {
  // Preact adds to what is there.
  place.replaceChildren();
  render(<App host={host} onDropped={(hear) => (dropped = hear)} />, place);
}
