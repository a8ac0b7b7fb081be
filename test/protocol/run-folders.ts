import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { startEngine } from '../../server/jobs/engine-process';
import { writeMnistSubset } from '../fixtures/mnist';
import { makeTempDir } from '../harness/processes';

/** Folders for the runs of a suite, with data for all of them, and one model, which the suite puts into `badnets`. */
export class RunFolders {
  files!: Awaited<ReturnType<typeof writeMnistSubset>>;
  private readonly temp: ReturnType<typeof makeTempDir>;

  constructor(prefix: string) {
    this.temp = makeTempDir(prefix);
    before(async () => {
      this.files = await writeMnistSubset(this.dir, { train: 1000, test: 300 });
    });
    after(() => this.temp.remove());
  }

  get dir(): string {
    return this.temp.dir;
  }

  at(...parts: string[]): string {
    return path.join(this.dir, ...parts);
  }

  /** A folder of its own for a test, with a config for the one model; `epochs` decides how long the run takes. */
  async make(
    name: string,
    epochs: number,
  ): Promise<{ folder: string; config: string; request: Parameters<typeof startEngine>[0] }> {
    const folder = this.at(name);
    await mkdir(folder);
    const config = path.join(folder, 'm.fineprune.json');
    const data = {
      train: relative(folder, this.files.train),
      test: relative(folder, this.files.test),
      holdout: 100,
      fineTuneImages: 256,
      testImages: 200,
    };
    const value = { model: '../badnets/model.json', data, trigger: { kind: 'patch', target: 0 }, fineTune: { epochs } };
    await writeFile(config, JSON.stringify(value));
    return { folder, config, request: { config, allowedFolders: [this.dir], root: this.dir } };
  }
}

const relative = (
  folder: string,
  { images, labels }: { images: string; labels: string },
): { images: string; labels: string } => ({
  images: path.relative(folder, images),
  labels: path.relative(folder, labels),
});
