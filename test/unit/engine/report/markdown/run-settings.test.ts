import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { markdownReport } from '../../../../../server/engine/report/markdown/markdown';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import { exampleText, EXAMPLE_FOLDER } from '../../../../fixtures/example-report';
import { reportOf } from '../../../../fixtures/run-settings';

describe('a report with settings that its config has not, in Markdown', () => {
  it('says so under the verdict of its Markdown; others keep theirs', () => {
    const report = reportOf({ strategy: 'auto', seed: 5 });
    const [, verdict, settings] = markdownReport(report).split('\n\n');
    assert.match(verdict!, /^\*\*❌ Not mitigated\.\*\*/);
    assert.equal(
      settings,
      'Made with settings from the command line: `strategy auto`, `seed 5`. Running the config on its own may give a different result.',
    );
    assert.equal(
      markdownReport(JSON.parse(exampleText()) as DefenseReport),
      readFileSync(path.join(EXAMPLE_FOLDER, 'mnist-badnets.defense.md'), 'utf8'),
    );
  });
});
