import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { FinePruneError } from '../../../server/protocol/errors';
import { built } from '../../harness/built';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../../protocol/demo-folder';
import { run } from './support';

describe('files of a run, in its own process', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-run-files-');
  const counts = { train: 600, test: 400 };
  let number = 0;
  const demo = (more: string) => makeDemo(path.join(temp.dir, `${number++}`), counts, demoConfig(more));
  after(() => temp.remove());

  it('leaves nothing on a disk that is too small, and says that it is full', async () => {
    const config = await demo('"backend": "wasm", "fineTune": { "epochs": 0 }');
    const out = path.join(temp.dir, 'small disk');
    mkdirSync(out);
    // A mount of our own, seen by this command alone.
    const script =
      'mount -t tmpfs -o size=512k none "$1" && { "$2" "$4" run "$3" --out "$1"; code=$?; ls -A "$1" >&2; exit $code; }';
    const { status, stderr, error } = spawnSync(
      'unshare',
      [
        '--mount',
        ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
        'sh',
        '-c',
        script,
        'sh',
        out,
        process.execPath,
        config,
        built('cli'),
      ],
      { encoding: 'utf8' },
    );
    assert.ok(!error, `this test needs unshare (util-linux): ${error?.message}`);
    assert.equal(status, 2, stderr);
    assert.match(
      stderr,
      /the disk is full[^]*No partial file was left behind\.\s*$/,
      'the message is the last line: the folder is empty',
    );
  });

  it('finishes when the model is deleted meanwhile, and writes what it was to write', async () => {
    const config = await demo('"backend": "wasm", "fineTune": { "epochs": 1 }');
    const folder = path.dirname(config);
    const { files } = await run(config, {}, (e) => {
      if (e.type === 'stage' && e.stage === 'pruned')
        for (const f of ['model.json', 'weights.bin']) rmSync(path.join(folder, f));
    });
    assert.ok(existsSync(files.model!));
  });

  it('reports the model that it opened when another one takes its place meanwhile', async () => {
    const config = await demo('"backend": "wasm", "fineTune": { "epochs": 0 }');
    const weights = path.join(path.dirname(config), 'weights.bin');
    const { report: first } = await run(config);
    const own = readFileSync(weights);
    const { report } = await run(config, {}, (e) => {
      if (e.type === 'stage' && e.stage === 'before') writeFileSync(weights, Buffer.alloc(own.length));
    });
    assert.deepEqual(report, first);
  });

  it('writes through no link and over no folder that takes the place of an output meanwhile', async () => {
    for (const [code, name, make] of [
      ['output.link', 'demo.defended', (file: string, prod: string) => symlinkSync(prod, file)],
      ['output.folderInTheWay', 'demo.defense.json', (file: string) => void mkdirSync(file)],
    ] as const) {
      const config = await demo('"backend": "wasm", "fineTune": { "epochs": 0 }');
      const folder = path.dirname(config);
      const prod = path.join(temp.dir, `prod-${number++}`);
      mkdirSync(prod);
      writeFileSync(path.join(prod, 'model.json'), 'theirs');
      await assert.rejects(
        run(config, {}, (e) => {
          if (e.type === 'stage' && e.stage === 'pruned') make(path.join(folder, name), prod);
        }),
        (e: unknown) => e instanceof FinePruneError && e.code === code,
      );
      assert.equal(readFileSync(path.join(prod, 'model.json'), 'utf8'), 'theirs');
      const expected = ['data', name, 'demo.fineprune.json', 'model.json', 'weights.bin'];
      assert.deepEqual(readdirSync(folder).sort(), expected.sort());
    }
  });

  it('leaves nothing when it is cancelled in training', async () => {
    const config = await demo('"backend": "wasm", "fineTune": { "epochs": 1000 }');
    const stop = new AbortController();
    const running = run(
      config,
      {},
      (e) => e.type === 'progress' && e.phase === 'fine-tune' && e.step > 2 && stop.abort(),
      stop.signal,
    );
    await assert.rejects(running, (e: unknown) => e instanceof FinePruneError && e.kind === 'cancelled');
    assert.deepEqual(readdirSync(path.dirname(config)).sort(), [
      'data',
      'demo.fineprune.json',
      'model.json',
      'weights.bin',
    ]);
  });

  it('refuses a file in place of the output folder, and writes nothing', async () => {
    const config = await demo('"backend": "wasm", "fineTune": { "epochs": 0 }');
    const out = path.join(path.dirname(config), 'taken');
    writeFileSync(out, 'mine');
    await assert.rejects(
      run(config, { out }),
      (e: unknown) => e instanceof FinePruneError && e.kind === 'input' && e.code.startsWith('output.'),
    );
    assert.equal(readFileSync(out, 'utf8'), 'mine');
  });

  it('finds out before the work that its outputs have no place', async () => {
    for (const [name, make] of [
      ['demo.defended', (f: string) => writeFileSync(f, 'mine')],
      ['demo.defense.json', (f: string) => void mkdirSync(f)],
      ['demo.defense.md', (f: string) => void mkdirSync(f)],
    ] as const) {
      const config = await demo('"backend": "wasm", "fineTune": { "epochs": 1000 }');
      make(path.join(path.dirname(config), name));
      const phases: string[] = [];
      const running = run(config, {}, (e) => e.type === 'progress' && phases.push(e.phase));
      await assert.rejects(
        running,
        (e: unknown) => e instanceof FinePruneError && e.kind === 'input' && e.code.startsWith('output.'),
      );
      assert.ok(!phases.includes('evaluate-before'), `${phases}`);
    }
  });

  it('takes a model from a folder that was allowed beside the root', async () => {
    const config = await demo('"backend": "wasm", "fineTune": { "epochs": 0 }');
    const folder = path.dirname(config);
    const elsewhere = path.join(temp.dir, 'elsewhere');
    mkdirSync(elsewhere);
    for (const file of ['model.json', 'weights.bin']) renameSync(path.join(folder, file), path.join(elsewhere, file));
    writeFileSync(
      config,
      readFileSync(config, 'utf8').replace(
        '"model.json"',
        JSON.stringify(path.relative(folder, path.join(elsewhere, 'model.json'))),
      ),
    );
    await assert.rejects(
      run(config, { root: folder }),
      (e: unknown) => e instanceof FinePruneError && e.code === 'path.outside',
    );
    assert.ok((await run(config, { root: folder, allowedFolders: [elsewhere] })).report.repaired);
  });

  it('places a fault of the data at the value of the config that names them', async () => {
    const config = await demo('"backend": "wasm"');
    mkdirSync(path.join(path.dirname(config), 'data'), { recursive: true });
    writeFileSync(config, readFileSync(config, 'utf8').replace('"target": 0', '"target": 10'));
    await assert.rejects(
      run(config),
      (e: unknown) =>
        e instanceof FinePruneError &&
        e.code === 'trigger.target' &&
        e.file === config &&
        /\/trigger\/target/.test(e.place ?? ''),
    );
  });
});
