import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { badInput, FinePruneError } from '../../server/protocol/errors';
import { Canaries } from '../fuzz/canaries';
import { fuzz } from '../fuzz/fuzz';
import { makeCase } from '../fuzz/input';
import { KINDS, kindNamed } from '../fuzz/kinds/kinds';
import { outcomeOf } from '../fuzz/outcome';
import { badText } from '../fuzz/samples/shown';
import { makeTempDir } from '../harness/processes';

const CORPUS = new Map<string, Uint8Array>([
  ['project/data/t10k-images-idx3-ubyte', Buffer.from('images')],
  ['project/data/t10k-labels-idx1-ubyte', Buffer.from('labels')],
]);
const SECONDS = 20;

describe('changed files of every kind', () => {
  it(`are read without a crash, a hang, too much memory or a look outside: ${SECONDS} s of npm run fuzz`, async function () {
    this.timeout(300_000);
    const told: string[] = [];
    const counts = await fuzz({
      seed: 13,
      kinds: KINDS.map(({ name }) => name),
      count: 600,
      samples: 12,
      milliseconds: SECONDS * 1000,
      // A slow machine reads each kind, too.
      atLeast: 44,
      ways: ['engine', 'cli', 'server'],
      keep: null,
      tell: (line) => void told.push(line),
    });
    assert.equal(counts.faults, 0, told.join('\n'));
    assert.ok(counts.inputs >= 44, `only ${counts.inputs} inputs`);
  });

  it('are the same for the same seed, and others for another', () => {
    const bytesOf = (seed: number, number: number): string =>
      JSON.stringify(
        [...makeCase({ seed, kind: 'data', number }, kindNamed('data'), CORPUS).files].map(([name, bytes]) => [
          name,
          Buffer.from(bytes).toString('hex'),
        ]),
      );
    for (const number of [0, 1, 2, 3]) assert.equal(bytesOf(1, number), bytesOf(1, number));
    assert.notEqual(
      [0, 1, 2, 3].map((number) => bytesOf(1, number)).join(),
      [0, 1, 2, 3].map((number) => bytesOf(2, number)).join(),
    );
  });

  it('are watched: what is read, written, made or removed outside is seen', async () => {
    const temp = makeTempDir('fp-canaries-');
    const canaries = new Canaries(temp.dir, CORPUS, ['case']);
    mkdirSync(path.join(temp.dir, 'case'));
    assert.deepEqual(canaries.touched(), []);
    const [secret, other] = ['secret.txt', 'policy.json'].map((name) => path.join(canaries.outside, name)) as [
      string,
      string,
    ];
    if (canaries.seesReading) {
      readFileSync(secret);
      assert.deepEqual(canaries.touched(), ['read outside: secret.txt']);
      readFileSync(secret);
      assert.deepEqual(canaries.touched(['secret.txt']), []);
    }
    writeFileSync(secret, 'x');
    assert.deepEqual(canaries.touched(), ['written outside: secret.txt']);
    writeFileSync(path.join(temp.dir, 'beside.txt'), 'x');
    assert.deepEqual(canaries.touched(), ['files made or removed outside: beside.txt']);
    rmSync(other);
    assert.equal(canaries.touched()[0], 'written outside: policy.json');
    await temp.remove();
  });

  it('end in a FinePruneError of bad input, or in a fault', () => {
    assert.equal(
      outcomeOf('read', badInput('model.empty', 'The model file is empty.', { place: '/a/12' })).fault,
      undefined,
    );
    assert.match(outcomeOf('read', new TypeError('x is undefined')).fault!, /^TypeError: x is undefined/);
    const engine = new FinePruneError({ kind: 'engine', code: 'engine.internal', message: 'The engine failed.' });
    assert.match(outcomeOf('read', engine).fault!, /failure of kind engine/);
  });

  it('show no control characters, stacks or files from outside', () => {
    assert.deepEqual(badText('error The model file is empty.\n  → Export it again.\n', 'it'), []);
    assert.match(badText('a \u001b[31m', 'it')[0]!, /^it has a control character \(1b\)/);
    assert.match(badText('Error: x\n    at read (/a/b.js:1:2)\n', 'it')[0]!, /^it has a stack/);
    assert.match(badText(`canary-5f1c9e`, 'it')[0]!, /^it shows a file from outside/);
    assert.match(badText('k'.repeat(70_000), 'it')[0]!, /^it has a line of 70000 characters/);
  });
});
