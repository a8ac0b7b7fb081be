import { mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Corpus } from './case';
import { below } from './case';

/** In every canary that is a text: whatever shows it has read it. */
export const SECRET = 'canary-5f1c9e';
/** Read before they were written: the next time that somebody reads one, the system notes it (`relatime`). */
const [READ, WRITTEN] = [new Date('2020-01-01'), new Date('2021-01-01')];

/** A folder beside the inputs that nobody has to do anything in. */
export class Canaries {
  readonly outside: string;
  private readonly contents = new Map<string, Buffer>();
  private readonly around: string;
  private names = '';
  /** Whether the system notes when a file is read. */
  readonly seesReading: boolean;

  /** @param folder holds the canaries in `outside`, beside the inputs */
  constructor(
    folder: string,
    corpus: Corpus,
    private readonly inputs: readonly string[],
  ) {
    this.around = folder;
    this.outside = path.join(folder, 'outside');
    mkdirSync(path.join(this.outside, 'folder'), { recursive: true });
    for (const [name, bytes] of below(corpus, 'project')) this.add(path.basename(name), bytes);
    this.add('secret.txt', Buffer.from(`${SECRET}\n`));
    this.add('images.idx', this.contents.get(path.join(this.outside, 't10k-images-idx3-ubyte'))!);
    for (const name of [
      'small.defense-review.json',
      'small.scan.json',
      'policy.json',
      '.small.fineprune.lock',
      'small.defended',
      'data',
      'weights.bin',
    ])
      this.add(name, Buffer.from(`{ "${SECRET}": true }\n`));
    this.rearm();
    this.names = this.listing();
    const probe = path.join(this.outside, 'secret.txt');
    readFileSync(probe);
    this.seesReading = statSync(probe).atimeMs !== READ.getTime();
    this.rearm();
  }

  private add(name: string, bytes: Uint8Array): void {
    const file = path.join(this.outside, name);
    writeFileSync(file, bytes);
    this.contents.set(file, Buffer.from(bytes));
  }

  private rearm(): void {
    for (const file of this.contents.keys()) utimesSync(file, READ, WRITTEN);
  }

  private listing(): string {
    return [this.outside, path.join(this.outside, 'folder'), this.around]
      .map((folder) =>
        readdirSync(folder)
          .filter((name) => folder !== this.around || !this.inputs.includes(name))
          .join(),
      )
      .join('\n');
  }

  /** What was read or written since the last question. @param mayRead names of files that may be read */
  touched(mayRead: readonly string[] = []): string[] {
    const found: string[] = [];
    for (const [file, bytes] of this.contents) {
      const now = statSync(file, { throwIfNoEntry: false });
      const name = path.basename(file);
      if (!now || now.mtimeMs !== WRITTEN.getTime() || now.size !== bytes.length || !now.isFile()) {
        found.push(`written outside: ${name}`);
        writeFileSync(file, bytes);
      } else if (now.atimeMs === READ.getTime()) continue;
      else if (!mayRead.includes(name)) found.push(`read outside: ${name}`);
      utimesSync(file, READ, WRITTEN);
    }
    const names = this.listing();
    if (names !== this.names) {
      found.push(`files made or removed outside: ${difference(this.names, names)}`);
      this.names = names;
    }
    return found;
  }
}

const difference = (before: string, after: string): string => {
  const known = new Set(before.split(/[,\n]/));
  const now = after.split(/[,\n]/);
  return [...now.filter((name) => !known.has(name)), ...[...known].filter((name) => !now.includes(name))]
    .join(' ')
    .slice(0, 200);
};
