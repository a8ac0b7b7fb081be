import {
  parseInspectorState,
  parseToInspector,
  type FromInspector,
  type InspectorState,
  type ToInspector,
} from '../../../server/protocol/messages/inspector-view';
import { connectHost } from '../../../webview/ui/host';

/** A page that does nothing but talk with its panel. */

const heard: ToInspector[] = [];
const dropped: unknown[] = [];
const host = connectHost<ToInspector, FromInspector, InspectorState>(parseToInspector, parseInspectorState, (value) =>
  dropped.push(value),
);
const end = host.listen((message) => heard.push(message));
Object.assign(globalThis, { talk: { host, heard, dropped, end } });
