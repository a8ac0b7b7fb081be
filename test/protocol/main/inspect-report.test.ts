import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ReportState } from '../../../server/protocol/messages/inspect';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { parseToInspector } from '../../../server/protocol/messages/inspector-view';
import { exampleReport, textOf } from '../../fixtures/example-report';
import { makeTempDir } from '../../harness/processes';
import { makeDemo } from '../demo-folder';
import { Inspector } from '../inspector';
import { LanguageClient, uriOf } from '../language-client';

describe('a report of unknown origin beside an inspected config', function () {
  this.timeout(120_000);
  const temp = makeTempDir('fp-inspect-report-');
  let client: LanguageClient;
  let inspector: Inspector;
  let config: string;

  before(async () => {
    config = await makeDemo(temp.dir, { train: 40, test: 40 });
    client = await LanguageClient.start([temp.dir]);
    inspector = new Inspector(client, uriOf(config));
  });
  after(async () => {
    await client.stop();
    await temp.remove();
  });

  it('is handed on only as far as it fits the model and the page', async () => {
    const file = path.join(path.dirname(config), 'demo.defense.json');
    const reported = async (change: (report: DefenseReport) => void): Promise<ReportState | null> => {
      writeFileSync(file, textOf(exampleReport(change)));
      const opened = await inspector.ask({ kind: 'open' });
      parseToInspector({ type: 'answer', id: 1, answer: opened });
      assert.equal(
        await inspector.refusal({ kind: 'layer', fingerprint: opened.fingerprint, layer: 'dense_1', state: 'after' }),
        'inspect.noDefended',
      );
      return opened.report;
    };
    const larger = await reported(({ layer, pruning, model }) => {
      layer.activations = Array.from({ length: 300 }, () => layer.activations[0]!);
      layer.classMeans = Array.from({ length: 300 }, () => layer.classMeans[0]!);
      layer.units = 300;
      pruning.units = [2, 127, 128, 299];
      model.after = {
        path: '../../../../../../etc/model.json',
        topology: model.before.topology,
        weights: model.before.weights,
      };
    });
    assert.deepEqual([larger?.layer, larger?.pruned, larger?.after], ['dense_1', [2, 127], false]);
    const nonsense = await reported(({ layer, verdict }) => {
      layer.name = '<b>'.repeat(50_000);
      verdict.sentence = 'x'.repeat(200_000);
    });
    assert.deepEqual([nonsense?.pruned, nonsense?.layer.length, nonsense?.verdict.sentence.length], [[], 4000, 4000]);
    rmSync(file);
    assert.equal((await inspector.ask({ kind: 'open' })).report, null);
  });
});
