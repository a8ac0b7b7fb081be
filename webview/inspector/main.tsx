import { render } from 'preact';
import {
  parseInspectorState,
  parseToInspector,
  type FromInspector,
  type InspectorState,
  type ToInspector,
} from '../../server/protocol/messages/inspector-view';
import { connectHost } from '../ui/host';
import '../ui/theme.css';
import { App } from './app';
import { Controller } from './state/controller';
import './inspector.css';
import { Store } from './state/store';

const store = new Store();
const spoken: { say(text: string, urgent?: boolean): void } = { say: () => undefined };
const host = connectHost<ToInspector, FromInspector, InspectorState>(parseToInspector, parseInspectorState, (value) =>
  controller.dropped(value),
);
const controller = new Controller(
  {
    post: (message) => host.post(message),
    state: host.state,
    say: (text, urgent) => spoken.say(text, urgent),
    onFrame: (act) => requestAnimationFrame(act),
  },
  store,
);
host.listen((message) => controller.receive(message));

const place = document.getElementById('app');
if (place) {
  // What the document says until its script runs.
  place.replaceChildren();
  render(<App store={store} controller={controller} onSay={(say) => (spoken.say = say)} />, place);
  // Benchmarks read how long it takes from here to the first chart.
  performance.mark('fp-ready');
  controller.start();
}
