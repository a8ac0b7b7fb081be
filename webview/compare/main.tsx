import { render } from 'preact';
import {
  parseComparePageState,
  parseToCompare,
  type ComparePageState,
  type FromCompare,
  type ToCompare,
} from '../../server/protocol/messages/compare-view';
import { connectHost } from '../ui/host';
import '../ui/theme.css';
import '../report/page.css';
import { App } from './app';
import './compare.css';

let dropped: (why: string) => void = () => undefined;
const host = connectHost<ToCompare, FromCompare, ComparePageState>(
  parseToCompare,
  parseComparePageState,
  (value, error) => {
    // Everything but a passing remark is what the page shows: the old one would pass for it.
    if ((value as { type?: unknown } | null)?.type !== 'told')
      dropped(error instanceof Error ? error.message : String(error));
  },
);

const place = document.getElementById('app');
if (place) {
  // Preact adds to what is there.
  place.replaceChildren();
  render(<App host={host} onDropped={(hear) => (dropped = hear)} />, place);
}
