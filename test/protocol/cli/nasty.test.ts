import assert from 'node:assert/strict';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse as parseJsonc } from 'jsonc-parser';
import { built } from '../../harness/built';
import { makeTempDir } from '../../harness/processes';
import { steering } from '../../fixtures/nasty-strings';
import { start } from '../started';

const CLI = built('cli');
const ROOT = path.resolve(__dirname, '../../..');
const EXAMPLE = path.join(ROOT, 'examples/mnist-badnets');
/** Longest line that a failure takes, whatever the names in it are. */
const MOST_LINE = 1_100;

/** What a name can be that a file system takes, and does harm where it is printed. */
const NAME = '\u001b[31mred\u001b]0;t\u0007\u202Egnp\u2028\u009b2J\u200b\uDB40\uDC41$(pass)';
const LONG = `${'k'.repeat(70_000)}${NAME}`;

/** The real command line, with names that steer terminals in every text that comes from outside. */
describe('texts from files, in a terminal', function () {
  this.timeout(180_000);
  const temp = makeTempDir('fp-nasty-');
  let folder: string;
  let config: Record<string, unknown>;
  let report: string;

  before(async () => {
    folder = path.join(temp.dir, NAME);
    await cp(EXAMPLE, folder, { recursive: true });
    config = parseJsonc(await readFile(path.join(folder, 'mnist-badnets.fineprune.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    report = await readFile(path.join(folder, 'mnist-badnets.defense.json'), 'utf8');
  });
  after(() => temp.remove());

  async function told(...args: string[]): Promise<void> {
    const { stdout, stderr, code } = await start(CLI, args, { cwd: temp.dir }).finished;
    assert.ok(code !== null && [0, 1, 2].includes(code), `${code} ${stderr}`);
    for (const [stream, said] of [
      ['stdout', stdout],
      ['stderr', stderr],
    ] as const)
      assert.deepEqual(
        steering(said.replace(/[\n\t\u2060]/g, '')),
        [],
        `${stream} of ${args[0]}: ${JSON.stringify(said.slice(0, 800))}`,
      );
    for (const line of stderr.split('\n'))
      assert.ok(line.length <= MOST_LINE, `${line.length} characters of ${args[0]}`);
  }

  async function write(name: string, value: unknown): Promise<string> {
    const file = path.join(folder, name);
    await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value));
    return file;
  }

  it('in keys and values of a config', async () => {
    for (const nasty of [NAME, LONG]) {
      const variants: Record<string, unknown>[] = [
        { ...config, [nasty]: 1 },
        { ...config, model: nasty },
        { ...config, layer: nasty },
        { ...config, prune: { [nasty]: 1 } },
        { ...config, prune: { rule: nasty } },
        { ...config, trigger: nasty },
        { ...config, trigger: { kind: nasty } },
        { ...config, trigger: { kind: 'patch', [nasty]: 1, target: 0 } },
        { ...config, data: { [nasty]: nasty } },
        { ...config, strategy: nasty },
        { ...config, seed: nasty },
        { ...config, gates: { [nasty]: nasty } },
      ];
      for (const variant of nasty === NAME ? variants : variants.slice(0, 4)) {
        const file = await write('x.fineprune.json', variant);
        await told('run', file);
      }
      await told('run', path.join(folder, 'x.fineprune.json'), '--json');
      const twice = await write('x.fineprune.json', `{${JSON.stringify(nasty)}:1,${JSON.stringify(nasty)}:2}`);
      await told('run', twice);
      await told('run', await write('x.fineprune.json', nasty));
    }
  });

  it('in layers and tensors of a model', async () => {
    const model = await readFile(path.join(EXAMPLE, 'model.json'), 'utf8');
    for (const nasty of [NAME, LONG]) {
      const name = JSON.stringify(nasty).slice(1, -1);
      for (const from of [
        'dense_1',
        'Conv2D',
        'relu',
        'weights.bin',
        'float32',
        'layers-model',
        'class_name',
        '"shape"',
      ]) {
        const file = await write('model.json', model.replaceAll(from, name));
        await told('textconv', file);
        await told('scan', file, '--clean', 'nowhere', 'nothing');
      }
    }
    await write('model.json', model);
  });

  it('in a report, a decision and a policy, however they are shown', async () => {
    const tell = async (text: string): Promise<void> => {
      const file = await write('y.defense.json', text);
      for (const format of ['md', 'sarif', 'json']) await told('report', file, '--format', format);
      await told('compare', file, path.join(EXAMPLE, 'mnist-badnets.defense.json'));
      for (const format of ['text', 'md']) await told('check', file, '--format', format);
    };
    const name = JSON.stringify(NAME).slice(1, -1);
    for (const from of [
      'dense_1',
      'model.json',
      '"verdict"',
      '"sentence": "',
      '"message": "',
      'fine-prune ',
      'TensorFlow',
    ])
      await tell(
        report.replaceAll(
          from,
          from.endsWith(': "') || from.endsWith(' ') ? `${from}${name} ` : from.startsWith('"') ? `"${name}"` : name,
        ),
      );
    await tell(report.replace('{', `{"${JSON.stringify(LONG).slice(1, -1)}":1,`));
    await write('mnist-badnets.defense-review.json', {
      schemaVersion: 2,
      decisions: [{ id: NAME, decision: NAME, reason: NAME, author: NAME, date: NAME }],
    });
    await told('report', path.join(folder, 'mnist-badnets.defense.json'));
    await told(
      'check',
      path.join(folder, 'mnist-badnets.defense.json'),
      '--policy',
      await write('policy.json', { [NAME]: LONG }),
    );
  });

  it('in what is typed, and in names of files and revisions', async () => {
    await mkdir(path.join(temp.dir, 'empty'));
    for (const args of [
      ['run', NAME],
      ['scan', NAME],
      ['report', NAME],
      ['report', `${NAME}:x.defense.json`],
      ['compare', NAME, NAME],
      ['check', NAME],
      ['check', '--base', NAME],
      ['textconv', NAME],
      ['init', NAME, '--train', NAME, NAME, '--test', NAME, NAME],
      ['poison-train', '--train', NAME, NAME, '--test', NAME, NAME, '--out', 'empty/x', '--name', NAME],
      [NAME],
      ['run', `--${NAME}`],
      ['run', '--backend', NAME],
      ['scan', '--classes', NAME],
    ])
      await told(...args);
  });
});
