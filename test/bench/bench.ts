// npm run bench [-- --json] [-- --quick]: the figures of docs/bench.md, on this machine. Each backend runs in a process of its own;
// --quick leaves out the whole demo and VS Code.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { findNativeEngine } from '../../server/engine/backend/native-sources';
import { inspectorFigures } from './inspector-bench';

const { values: options } = parseArgs({ options: { json: { type: 'boolean' }, quick: { type: 'boolean' } } });
const root = path.resolve(__dirname, '../..');
const say = (line: string) => (options.json ? process.stderr : process.stdout).write(`${line}\n`);

interface EngineFigures {
  backend: string;
  engine: string;
  threads: number;
  analysis: { images: number; imagesPerSecond: number; cpuMs: number };
  step: { batch: number; wallMs: number; cpuMs: number };
  curve: { points: number; cpuMs: number; reevaluatingCpuMs: number; reevaluatedPoints: number; ratio: number };
  scan: { classes: number; wallMs: number; cpuMs: number };
  peakMegabytes: number;
}

function engineFigures(backend: string): EngineFigures {
  say(`Measuring ${backend} …`);
  const out = execFileSync(process.execPath, ['--import', 'tsx', path.join(__dirname, 'engine-bench.ts'), backend], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(out.trim().split('\n').at(-1)!) as EngineFigures;
}

/** The whole defense over all of MNIST by the command line, as `npm run demo` runs it after set-up. */
function demoFigures(backend: string): {
  seconds: number;
  fineTuneImages: number | 'all';
  phases: Record<string, number>;
  peakMegabytes: number;
} {
  say(`Running the whole demo on ${backend} …`);
  const fewer = backend === 'wasm' ? ['--fine-tune-images', '20000'] : [];
  const out = mkdtempSync(path.join(os.tmpdir(), 'fine-prune-bench-'));
  try {
    const text = execFileSync(
      process.execPath,
      [
        'dist/cli.js',
        'run',
        'examples/mnist-badnets/mnist-badnets.fineprune.json',
        '--backend',
        backend,
        '--out',
        out,
        '--report-only',
        '--json',
        ...fewer,
      ],
      {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        maxBuffer: 2 ** 26,
      },
    );
    const { timings } = JSON.parse(text) as {
      timings: { totalMs: number; phases: Record<string, number>; peakBytes: number };
    };
    return {
      seconds: Math.round(timings.totalMs / 100) / 10,
      fineTuneImages: backend === 'wasm' ? 20_000 : 'all',
      phases: Object.fromEntries(Object.entries(timings.phases).map(([phase, ms]) => [phase, Math.round(ms)])),
      peakMegabytes: Math.round(timings.peakBytes / 2 ** 20),
    };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** Milliseconds that `activate()` takes in a real VS Code, until commands are there and until the server is ready. */
async function activationFigures(): Promise<{ activateMs: number; readyMs: number }> {
  say('Starting VS Code …');
  const { runHostTests } = await import('../host/run');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'fine-prune-activation-'));
  const results = path.join(folder, 'activation.json');
  try {
    const suite = path.join(folder, 'index.js');
    await build({
      entryPoints: [path.join(__dirname, 'activation-suite.ts')],
      outfile: suite,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['vscode'],
      logLevel: 'warning',
    });
    // An empty workspace: in any other the extension would be active before the clock starts.
    await runHostTests({ suite, env: { FINE_PRUNE_ACTIVATION: results } });
    return JSON.parse(readFileSync(results, 'utf8')) as { activateMs: number; readyMs: number };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  if (!existsSync(path.join(root, 'dist/cli.js'))) throw new Error('dist/ is missing: run `npm run build` first.');
  const native = await findNativeEngine();
  const backends = native.installed ? ['native', 'wasm'] : ['wasm'];
  if (!native.installed) say(`Native is not measured: ${native.why}`);
  const engines = backends.map(engineFigures);
  const demos = options.quick ? {} : Object.fromEntries(backends.map((b) => [b, demoFigures(b)]));
  const activation = options.quick ? null : await activationFigures();
  if (!options.quick) say('Opening the inspector …');
  const inspector = options.quick ? null : await inspectorFigures();
  const machine = {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    memoryGigabytes: Math.round(os.totalmem() / 2 ** 30),
    node: process.version,
  };
  if (options.json) {
    console.log(JSON.stringify({ machine, engines, demos, activation, inspector }, null, 2));
    return;
  }
  console.log(
    `\n${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes} GB, Node ${machine.node}; medians of 3, one thread\n`,
  );
  for (const e of engines) {
    console.log(`${e.engine}`);
    console.log(
      `  activation analysis   ${e.analysis.imagesPerSecond} images/s (${e.analysis.images} images, ${e.analysis.cpuMs} ms CPU)`,
    );
    console.log(`  fine-tuning step      ${e.step.cpuMs} ms CPU, ${e.step.wallMs} ms wall, batch ${e.step.batch}`);
    console.log(
      `  pruning curve         ${e.curve.cpuMs} ms CPU for ${e.curve.points} points × accuracy and ASR, activation passes included;`,
    );
    console.log(
      `                        evaluating each point anew: ${e.curve.reevaluatingCpuMs} ms (scaled from ${e.curve.reevaluatedPoints}), ${e.curve.ratio} times as long`,
    );
    console.log(
      `  scan for backdoors    ${(e.scan.wallMs / 1000).toFixed(1)} s, ${(e.scan.cpuMs / 1000).toFixed(1)} s CPU for ${e.scan.classes} classes`,
    );
    const demo = demos[e.backend];
    if (demo)
      console.log(
        `  whole demo            ${demo.seconds} s, ${demo.fineTuneImages} fine-tuning images, peak memory ${demo.peakMegabytes} MB`,
      );
    console.log(`  peak memory here      ${e.peakMegabytes} MB`);
  }
  if (inspector) {
    console.log(
      `inspector, first chart  ${inspector.firstChartMs} ms after its page is ready, ${inspector.secondChartMs} ms the second time (all of the demo, best engine)`,
    );
    console.log(
      `  a move of the slider  ${inspector.slider.medianMs} ms of the main thread (median of ${inspector.slider.moves})`,
    );
    console.log(
      `  a screen of scrolling ${inspector.scroll.medianMs} ms after its frame (median of ${inspector.scroll.screens})`,
    );
  }
  if (activation)
    console.log(`extension activation    ${activation.activateMs} ms, server ready after ${activation.readyMs} ms`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
