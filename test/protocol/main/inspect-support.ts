import { writeFileSync } from 'node:fs';
import type { Overview } from '../../../server/protocol/messages/inspect';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../demo-folder';
import { Inspector } from '../inspector';
import { LanguageClient, uriOf } from '../language-client';

/** A server for the tests of a suite, with an inspector that has opened the demo config. */
export class InspectedDemo {
  client!: LanguageClient;
  inspector!: Inspector;
  config!: string;
  /** What the inspector was answered when it opened the config. */
  overview!: Overview;
  /** Of the config, as it is at first. */
  readonly text = demoConfig().replace('"data": {', '"backend": "wasm",\n  "data": {\n    "holdout": 100,');
  private readonly temp: ReturnType<typeof makeTempDir>;

  constructor(prefix: string) {
    this.temp = makeTempDir(prefix);
    before(async () => {
      this.config = await makeDemo(this.dir, { train: 400, test: 400 }, this.text);
      this.client = await LanguageClient.start([this.dir]);
      this.inspector = new Inspector(this.client, uriOf(this.config));
      this.overview = await this.inspector.ask({ kind: 'open' });
    });
    after(async () => {
      await this.client.stop();
      await this.temp.remove();
    });
  }

  /** The workspace. */
  get dir(): string {
    return this.temp.dir;
  }

  async save(content: string): Promise<void> {
    writeFileSync(this.config, content);
    await this.client.filesChanged(this.config);
  }
}
