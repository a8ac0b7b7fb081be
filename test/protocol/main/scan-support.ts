import path from 'node:path';
import { CancellationTokenSource, type CodeLens } from 'vscode-languageserver-protocol/node';
import { SCAN_REQUEST, type ScanAnswer, type ScanParams } from '../../../server/protocol/messages/lsp';
import { ownCache } from '../../harness/own-cache';
import { waitFor } from '../../harness/poll';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeSmallDemo } from '../demo-folder';
import { LanguageClient } from '../language-client';

/** A server for the tests of a suite, whose workspace holds a small backdoored network with the first images of MNIST. It keeps its own scans. */
export class ScanServer {
  client!: LanguageClient;
  config!: string;
  model!: string;
  /** Where the scan of the config puts its result. */
  result!: string;
  /** Of the config, which is open. */
  uri!: string;
  private readonly temp: ReturnType<typeof makeTempDir>;

  constructor(prefix: string) {
    this.temp = makeTempDir(prefix);
    const cacheBefore = process.env.FINE_PRUNE_CACHE;
    before(async () => {
      process.env.FINE_PRUNE_CACHE = ownCache(this.dir);
      this.config = await makeSmallDemo(this.dir, { train: 800, test: 300 }, demoConfig());
      this.model = path.join(path.dirname(this.config), 'model.json');
      this.result = path.join(path.dirname(this.config), 'demo.scan.json');
      this.client = await LanguageClient.start([this.dir]);
      this.uri = await this.client.open(this.config);
    });
    after(async () => {
      await this.client.stop();
      if (cacheBefore === undefined) delete process.env.FINE_PRUNE_CACHE;
      else process.env.FINE_PRUNE_CACHE = cacheBefore;
      await this.temp.remove();
    });
  }

  /** The workspace. */
  get dir(): string {
    return this.temp.dir;
  }

  start(token: string, params: Partial<ScanParams> = {}, of = this.client) {
    const cancelling = new CancellationTokenSource();
    const progress = of.progress(token);
    const answer = of.connection.sendRequest<ScanAnswer>(
      SCAN_REQUEST,
      { uri: this.uri, workDoneToken: token, ...params },
      cancelling.token,
    );
    const reported = (what: string, pattern: RegExp) =>
      waitFor(
        `${what}; last: ${JSON.stringify(progress.at(-1))}`,
        () => progress.some((p) => pattern.test(JSON.stringify(p))),
        { deadlineMs: 90_000 },
      );
    return { answer, progress, reported, cancel: () => cancelling.cancel() };
  }

  async titles(file: string): Promise<string[]> {
    return (await this.client.at<CodeLens[]>('textDocument/codeLens', file)).map(({ command }) => command!.title);
  }
}
