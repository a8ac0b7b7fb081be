import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { probeBinding } from '../../../server/engine/backend/install/verify';
import { findNativeEngine } from '../../../server/engine/backend/native-sources';
import { forgetFaults, rememberedFault, rememberFault } from '../../../server/engine/backend/one-dnn';
import {
  startEngine,
  startMeasure,
  startPoisonTrain,
  type EngineProcessOptions,
} from '../../../server/jobs/engine-process';
import { InspectorProcess } from '../../../server/jobs/inspector-process';
import type { DataSource } from '../../../server/protocol/data-source';
import type { EngineEvent, RunOutcome } from '../../../server/protocol/messages/engine';
import { FinePruneError } from '../../../server/protocol/errors';
import type { Overview } from '../../../server/protocol/messages/inspect';
import { built } from '../../harness/built';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../demo-folder';

const WORKER = path.resolve(__dirname, '../../fixtures/broken-one-dnn-worker.cjs');
const PARENT = path.resolve(__dirname, '../../fixtures/broken-one-dnn-parent.ts');
const BREAK = path.resolve(__dirname, '../../fixtures/broken-one-dnn.cjs');
const TSX = ['--import', pathToFileURL(createRequire(__filename).resolve('tsx')).href];

// Where no source of the native engine answers, the test command says so, and leaves these out by this variable.
if (process.env.FINE_PRUNE_WITHOUT_NATIVE !== '1')
  describe('a machine on which oneDNN is broken', function () {
    this.timeout(120_000);
    const temp = makeTempDir('fp-one-dnn-');
    const log = path.join(temp.dir, 'loads');
    let config: string;
    let at: (...parts: string[]) => string;

    before(async () => {
      config = await makeDemo(
        temp.dir,
        { train: 200, test: 100 },
        demoConfig('"fineTune": { "epochs": 0 }').replace('"data": {', '"data": {\n    "holdout": 50,'),
      );
      at = (...parts) => path.join(path.dirname(config), ...parts);
    });
    beforeEach(async () => {
      await forgetFaults();
      await writeFile(log, '');
      process.env.BROKEN_ONE_DNN_LOG = log;
      process.env.BROKEN_ONE_DNN_WORKER = built('worker');
    });
    afterEach(() => {
      delete process.env.BROKEN_ONE_DNN;
      delete process.env.BROKEN_ONE_DNN_LOG;
      delete process.env.BROKEN_ONE_DNN_WORKER;
    });
    after(async () => {
      await forgetFaults();
      await temp.remove();
    });

    /** How oneDNN was at each load of TensorFlow so far. */
    const loads = async (): Promise<string[]> => (await readFile(log, 'utf8')).split('\n').filter(Boolean);
    const remembered = async (): Promise<string | null> => await rememberedFault(await findNativeEngine());

    function options(events: EngineEvent[] = [], more: Partial<EngineProcessOptions> = {}): EngineProcessOptions {
      return {
        workerPath: WORKER,
        onEvent: (event) => events.push(event),
        signal: new AbortController().signal,
        ...more,
      };
    }
    const warnings = (events: EngineEvent[]): string =>
      events.flatMap((event) => (event.type === 'log' && event.level === 'warn' ? [event.message] : [])).join('\n');
    const run = (events?: EngineEvent[], more?: Partial<EngineProcessOptions>): Promise<RunOutcome> =>
      startEngine({ config, root: temp.dir, allowedFolders: [] }, options(events, more));

    it('SIGFPE: a run is done by a second process without oneDNN, says so, and the next one knows', async () => {
      process.env.BROKEN_ONE_DNN = 'SIGFPE';
      const events: EngineEvent[] = [];
      const { report, backend } = await run(events);
      assert.deepEqual(await loads(), ['on', 'off']);
      assert.deepEqual([report.provenance.backend, report.provenance.oneDnn], ['native', false]);
      assert.match(backend.why, / oneDNN is off: with it, the native engine crashes on this machine \(SIGFPE\)\.$/);
      assert.match(
        warnings(events),
        /^The engine crashed \(SIGFPE\), which oneDNN is known to cause on some CPUs\. It is being restarted with oneDNN off\.$/m,
      );
      assert.equal(await remembered(), 'SIGFPE');

      const next = await run();
      assert.deepEqual(await loads(), ['on', 'off', 'off'], 'one process, which knows');
      assert.equal(next.report.provenance.oneDnn, false);
      assert.equal(next.backend.why, backend.why);
    });

    it('SIGILL behind a shell: a model is measured by a second process without oneDNN', async () => {
      process.env.BROKEN_ONE_DNN = 'SIGILL';
      const shell = path.join(temp.dir, 'node.sh');
      await writeFile(shell, `#!/bin/sh\n'${process.execPath}' "$@"\n`);
      await chmod(shell, 0o755);
      const events: EngineEvent[] = [];
      const { backend } = await startMeasure(
        { config, root: temp.dir, allowedFolders: [], defended: null, layer: 'dense_1', units: [] },
        options(events, { execPath: shell }),
      );
      assert.deepEqual(await loads(), ['on', 'off']);
      assert.match(backend.why, / oneDNN is off: with it, the native engine crashes on this machine \(SIGILL\)\.$/);
      assert.match(warnings(events), /crashed \(SIGILL\)/);
      assert.equal(await remembered(), 'SIGILL');
    });

    it('a failed self-test: a model is made by a second process without oneDNN, not by WASM', async () => {
      process.env.BROKEN_ONE_DNN = 'wrong';
      const events: EngineEvent[] = [];
      const data = (name: string): DataSource => ({
        format: 'idx',
        images: at('data', `${name}-images-idx3-ubyte`),
        labels: at('data', `${name}-labels-idx1-ubyte`),
      });
      await startPoisonTrain(
        {
          train: data('train'),
          test: data('t10k'),
          out: at('made'),
          name: 'made',
          trigger: { kind: 'patch', target: 0 },
          poisonRate: 0.1,
          seed: 0,
          epochs: 1,
          batchSize: 64,
          learningRate: 0.001,
          backend: 'auto',
          threads: 1,
        },
        options(events),
      );
      assert.deepEqual(await loads(), ['on', 'off']);
      const [backend] = events.flatMap((event) => (event.type === 'backend' ? [event] : []));
      assert.equal(backend?.name, 'native');
      assert.match(backend.why, / oneDNN is off: with it, the native engine computes wrong results on this machine\.$/);
      assert.match(
        warnings(events),
        /^With oneDNN on: The engine failed its self-test: the gradient of the input is .* It is being restarted with oneDNN off\.$/m,
      );
      assert.equal(await remembered(), 'self-test');
    });

    it('a second crash is a crash, and nothing is remembered', async () => {
      process.env.BROKEN_ONE_DNN = 'always SIGFPE';
      await assert.rejects(
        run(),
        (error) =>
          error instanceof FinePruneError &&
          error.code === 'engine.crashed' &&
          error.message === 'The engine crashed (signal SIGFPE). Nothing was written.',
      );
      assert.deepEqual(await loads(), ['on', 'off']);
      assert.equal(await remembered(), null);
    });

    it("the inspector's questions are answered by a second process without oneDNN", async () => {
      for (const how of ['SIGFPE', 'wrong']) {
        await forgetFaults();
        await writeFile(log, '');
        process.env.BROKEN_ONE_DNN = how;
        const said: string[] = [];
        const inspector = new InspectorProcess({
          workerPath: WORKER,
          onEnded: ({ message }) => assert.fail(message),
          onLog: (_, message) => said.push(message),
        });
        try {
          const ask = (): Promise<Overview> =>
            inspector.ask(
              { config, root: temp.dir, allowedFolders: [], defended: null },
              { kind: 'open' },
              { signal: new AbortController().signal },
            ) as Promise<Overview>;
          const answers = await Promise.all([ask(), ask()]);
          assert.deepEqual(await loads(), ['on', 'off'], how);
          for (const { backend } of answers)
            assert.match(
              backend.why,
              /oneDNN is off: with it, the native engine (crashes|computes wrong results) on this machine/,
            );
          assert.equal(
            said.filter((message) => message.endsWith('It is being restarted with oneDNN off.')).length,
            1,
            said.join('\n'),
          );
          assert.equal(await remembered(), how === 'wrong' ? 'self-test' : how);
        } finally {
          inspector.dispose();
        }
      }
    });

    it("the inspector's second crash is a crash", async () => {
      process.env.BROKEN_ONE_DNN = 'always SIGFPE';
      const inspector = new InspectorProcess({ workerPath: WORKER, onEnded: () => undefined, onLog: () => undefined });
      try {
        const asked = inspector.ask(
          { config, root: temp.dir, allowedFolders: [], defended: null },
          { kind: 'open' },
          { signal: new AbortController().signal },
        );
        await assert.rejects(asked, (error) => error instanceof FinePruneError && error.code === 'engine.crashed');
        assert.deepEqual(await loads(), ['on', 'off']);
        assert.equal(await remembered(), null);
      } finally {
        inspector.dispose();
      }
    });

    it('what the environment says holds, and nothing is tried again', async () => {
      const inEnvironment = async (
        choice: string,
        how: string,
      ): Promise<{ oneDnn?: boolean; why?: string; code?: string }> => {
        await writeFile(log, '');
        const child = spawn(process.execPath, [...TSX, PARENT, config, temp.dir], {
          env: { ...process.env, TF_ENABLE_ONEDNN_OPTS: choice, BROKEN_ONE_DNN: how },
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let out = '';
        child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
        await new Promise((resolve) => child.once('close', resolve));
        return JSON.parse(out) as { oneDnn?: boolean };
      };
      await rememberFault(await findNativeEngine(), 'SIGFPE');
      assert.deepEqual(
        await inEnvironment('1', 'SIGFPE'),
        { code: 'engine.crashed' },
        'on, against what is remembered',
      );
      assert.deepEqual(await loads(), ['on']);
      await forgetFaults();
      const off = await inEnvironment('0', 'SIGFPE');
      assert.equal(off.oneDnn, false);
      assert.match(off.why!, / oneDNN is off, as TF_ENABLE_ONEDNN_OPTS says\.$/);
      assert.deepEqual(await loads(), ['off']);
    });

    it('an installation tries a binding without oneDNN too, and remembers', async () => {
      const { path: binding, tensorflowVersion } = await findNativeEngine();
      const probe = (how: string, more: NodeJS.ProcessEnv = {}): Promise<string> =>
        probeBinding(binding!, { ...process.env, NODE_OPTIONS: `--require "${BREAK}"`, BROKEN_ONE_DNN: how, ...more });
      assert.equal(await probe('SIGFPE'), tensorflowVersion);
      assert.deepEqual(await loads(), ['on', 'off']);
      assert.equal(await remembered(), 'SIGFPE');
      await forgetFaults();
      for (const [how, more] of [
        ['always SIGFPE', {}],
        ['SIGFPE', { TF_ENABLE_ONEDNN_OPTS: '1' }],
        ['SIGSEGV', {}],
      ] as const) {
        await assert.rejects(
          probe(how, more),
          (error) => error instanceof FinePruneError && error.code === 'engine.install.load',
        );
      }
      assert.deepEqual(await loads(), ['on', 'off', 'on', 'off', 'on', 'on']);
      assert.equal(await remembered(), null);
    });
  });
