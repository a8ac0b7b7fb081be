import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeTempDir } from '../../harness/processes';
import { CLI, command, ROOT, type Ended } from '../review-repo';

const EXAMPLE = path.join(ROOT, 'examples/mnist-badnets');
const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

describe('fine-prune textconv', function () {
  this.timeout(120_000);
  const temp = makeTempDir('fp-textconv-');
  const repo = path.join(temp.dir, 'a repository');
  const folder = path.join(repo, 'my model');
  const git = (...args: string[]): Ended => command('git', args, repo);
  const textconv = (file: string, cwd = temp.dir): Ended => command(process.execPath, [...CLI, 'textconv', file], cwd);
  const flip = (file: string, at: number): void => {
    const bytes = readFileSync(file);
    bytes[at]! ^= 0x40;
    writeFileSync(file, bytes);
  };

  before(() => {
    mkdirSync(folder, { recursive: true });
    for (const name of ['model.json', 'weights.bin']) cpSync(path.join(EXAMPLE, name), path.join(folder, name));
    git('init', '--quiet');
    // As docs/review.md has it.
    writeFileSync(path.join(repo, '.gitattributes'), 'model.json diff=fineprune\n*.bin      diff=fineprune\n');
    git('config', 'diff.fineprune.textconv', [process.execPath, ...CLI, 'textconv'].map(quoted).join(' '));
    git('add', '--all');
    assert.equal(git('commit', '--quiet', '-m', 'a model').code, 0);
  });
  after(() => temp.remove());

  /** Lines that a diff takes away or adds. */
  const changed = (diff: string): string[] => diff.split('\n').filter((line) => /^[+-](?![+-])/.test(line));

  it("makes git's diff of a changed byte the line of one tensor, in the working folder and between commits", () => {
    flip(path.join(folder, 'weights.bin'), (320 + 18_496 + 5) * 4 + 1);
    const lines = changed(git('diff').stdout);
    assert.equal(lines.length, 2, lines.join('\n'));
    for (const line of lines)
      assert.match(line, /^[+-] {2}dense_1\/kernel {2}\[1600, 128\] float32 {2}sha256 [0-9a-f]{16}/);
    git('commit', '--quiet', '-am', 'one byte');
    assert.deepEqual(changed(git('diff', 'HEAD^', 'HEAD').stdout), lines);
    assert.deepEqual(changed(git('show', 'HEAD').stdout), lines);
    assert.deepEqual(changed(git('-C', folder, 'log', '-1', '-p', '--', 'weights.bin').stdout), lines);
  });

  it('shows pruned units as such', () => {
    const file = path.join(folder, 'weights.bin');
    const bytes = readFileSync(file);
    const [kernel, bias] = [(320 + 18_496) * 4, (320 + 18_496 + 1600 * 128) * 4];
    for (const unit of [9, 10, 11]) {
      for (let i = 0; i < 1600; i++) bytes.fill(0, kernel + (i * 128 + unit) * 4, kernel + (i * 128 + unit + 1) * 4);
      bytes.fill(0, bias + unit * 4, bias + unit * 4 + 4);
    }
    writeFileSync(file, bytes);
    const lines = changed(git('diff').stdout);
    assert.ok(lines.includes('-  dense_1  0 of 128') && lines.includes('+  dense_1  3 of 128: 9–11'), lines.join('\n'));
    git('checkout', '--quiet', '--', '.');
  });

  it('tells a changed model.json by its layer, with no noise from the weights beside it', () => {
    const file = path.join(folder, 'model.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"relu"', '"elu"'));
    const lines = changed(git('diff').stdout);
    assert.deepEqual(
      lines.map((line) => line.replace(/[0-9a-f]{8,}/g, '#')),
      [
        '-topology sha256 #',
        '+topology sha256 #',
        '-  conv2d_1  Conv2D  26×26×32  320 parameters  relu  config #',
        '+  conv2d_1  Conv2D  26×26×32  320 parameters  elu  config #',
      ],
    );
    git('checkout', '--quiet', '--', '.');
  });

  it('reads both sides alike when a second model of the same kind lies in the repository', () => {
    cpSync(folder, path.join(repo, 'second'), { recursive: true });
    git('add', '--all');
    git('commit', '--quiet', '-m', 'a second model');
    flip(path.join(folder, 'weights.bin'), 2);
    assert.equal(changed(git('diff').stdout).length, 2);
    git('checkout', '--quiet', '--', '.');
  });

  it('says by hand all that model.json and weights tell', () => {
    const { code, stdout } = textconv(path.join(folder, 'model.json'));
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^TF\.js Layers model\ninput 28×28×1\n[\s\S]*Zeroed units\n[\s\S]*dense_1 {2}0 of 128\n[\s\S]*dense_2\/bias {2}\[10\] float32 {2}sha256/,
    );
    assert.match(
      textconv(path.join(folder, 'weights.bin')).stdout,
      /^Weights of a TF\.js Layers model, 900136 bytes\n/,
    );
  });

  it('never breaks a diff: what it cannot read is a line, and the exit code is 0', () => {
    const file = (name: string, content: string): string => {
      writeFileSync(path.join(temp.dir, name), content);
      return path.join(temp.dir, name);
    };
    const huge = file('huge.json', '');
    truncateSync(huge, 70 * 2 ** 20);
    const weights = file('huge.bin', '');
    truncateSync(weights, 2 * 2 ** 30);
    const leading = path.join(temp.dir, 'link');
    mkdirSync(leading);
    writeFileSync(path.join(leading, 'model.json'), readFileSync(path.join(EXAMPLE, 'model.json')));
    symlinkSync('/etc/passwd', path.join(leading, 'weights.bin'));
    const cases: [string, RegExp][] = [
      [path.join(temp.dir, 'none.json'), /^Not shown as text: There is no file \S+none\.json\.\n$/],
      [temp.dir, /^Not shown as text: this is a folder, not a regular file/],
      [file('cut.json', '{"format": "layers-model", '), /^Not shown as text: The model file is not valid JSON/],
      [file('empty.json', ''), /^Not shown as text: The model file is empty/],
      [file('deep.json', `${'['.repeat(200_000)}`), /^Not shown as text: /],
      [
        file('pointer.bin', 'version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 3\n'),
        /^A Git LFS pointer:\nversion https/,
      ],
      [
        file('pointer.json', 'version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 3\n'),
        /^Not shown as text: The file is a Git LFS pointer/,
      ],
      [file('some.bin', 'abc'), /^Weights, 3 bytes[\s\S]*No model\.json in the working folder names/],
      [huge, /^Not shown as text: 73400320 bytes/],
      [weights, /^Not shown as text: 2147483648 bytes/],
      [path.join(leading, 'model.json'), /Weights not read: weights\.bin is missing/],
    ];
    for (const [one, expected] of cases) {
      const { code, stdout, stderr } = textconv(one);
      assert.deepEqual([code, stderr], [0, ''], one);
      assert.match(stdout, expected, one);
    }
    for (const name of ['huge.json', 'huge.bin']) rmSync(path.join(temp.dir, name));
  });
});
