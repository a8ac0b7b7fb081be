import path from 'node:path';
import { makeTempDir } from '../../harness/processes';
import { makeDemo } from '../demo-folder';
import { LanguageClient } from '../language-client';

/** A server for the tests of a suite, whose workspace holds the demo model with a config. */
export class DemoServer {
  client!: LanguageClient;
  config!: string;
  /** Of the config, the model and the data. */
  folder!: string;
  private readonly temp: ReturnType<typeof makeTempDir>;

  constructor(prefix: string) {
    this.temp = makeTempDir(prefix);
    before(async () => {
      this.config = await makeDemo(this.dir);
      this.folder = path.dirname(this.config);
      this.client = await LanguageClient.start([this.dir]);
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
}
