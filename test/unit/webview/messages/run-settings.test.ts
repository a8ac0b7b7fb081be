import assert from 'node:assert/strict';
import { parseToReport } from '../../../../webview/messages/report';
import { reportOf, lastOf } from '../../../fixtures/run-settings';

describe('a report with settings that its config has not, in a message', () => {
  const last = lastOf(reportOf({ strategy: 'auto', seed: 5 }));

  it('reaches the page that draws it', () => {
    const view = { report: last.report, issues: [], changed: [], settings: [...last.settings!] };
    const message = { type: 'view' as const, name: 'demo', view, local: true, trusted: true };
    assert.deepEqual(parseToReport(structuredClone(message)), message);
    assert.throws(() => parseToReport({ ...message, view: { ...view, settings: [{ path: 1 }] } }), /settings/);
  });
});
