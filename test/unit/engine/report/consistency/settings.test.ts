import assert from 'node:assert/strict';
import { canonicalJson, sha256 } from '../../../../../server/engine/files/hash';
import { consistencyProblems } from '../../../../../server/engine/report/json/read-report';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import { exampleReport } from '../../../../fixtures/example-report';
import { reportOf } from '../../../../fixtures/run-settings';

describe('a report with settings that its config has not', () => {
  it('has them named by what looks at its figures, and none where its hash says that there were none', () => {
    const note = (report: DefenseReport): string[] =>
      consistencyProblems(report)
        .filter(({ pointer }) => pointer.startsWith('/provenance'))
        .map(({ kind, id, message }) => `${kind} ${id} ${message}`);
    assert.match(
      note(reportOf({ strategy: 'auto' })).join('\n'),
      /note config\.overridden The run had settings from its command line \(strategy auto\), or paths/,
    );
    const forged = exampleReport(({ provenance }) => {
      provenance.configHash = sha256(canonicalJson(provenance.config));
      provenance.overridden = ['seed'];
    });
    assert.deepEqual(note(forged), [
      'problem config The hash of the config file matches the settings recorded here, so none of them can come from a command line.',
    ]);
  });
});
