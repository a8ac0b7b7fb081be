// One backend's figures, in a process of its own: a process has one backend. Prints one JSON object.
import path from 'node:path';
import { openTrigger } from '../../server/engine/triggers/open-trigger';
import { triggeredInputs } from '../../server/engine/triggers/triggered-inputs';
import { selectBackend } from '../../server/engine/backend/select';
import { readConfig } from '../../server/engine/config/read-config';
import { openData } from '../../server/engine/data/open-data';
import { splitRoles } from '../../server/engine/data/roles';
import { curveHits } from '../../server/engine/pruning/curve';
import { sourceOf, subsetOf, type PassOptions } from '../../server/engine/pass/inputs';
import { measure, predict } from '../../server/engine/pass/measure';
import { pruneOrder } from '../../server/engine/pass/ranking';
import { applyMasks, masksFor } from '../../server/engine/model/masks';
import { openModel } from '../../server/engine/model/formats/registry';
import { findUnitSite } from '../../server/engine/model/units';
import { scanModel } from '../../server/engine/detect/scan';
import { scanImagesOf } from '../../server/engine/detect/scan-images';
import { train } from '../../server/engine/training/train';
import type { KnownTrigger } from '../../server/protocol/config/config';

const ROUNDS = 3;
const STEPS = 60;
/** Points of the curve that are really evaluated again; the figure for all of them is scaled from these. */
const REEVALUATED = 5;

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

async function timed(work: () => Promise<void>): Promise<{ wall: number; cpu: number }> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const used = process.cpuUsage(cpu);
  return { wall: performance.now() - start, cpu: (used.user + used.system) / 1000 };
}

async function rounds(work: () => Promise<void>): Promise<{ wall: number; cpu: number }> {
  const all = [];
  for (let i = 0; i < ROUNDS; i++) all.push(await timed(work));
  return { wall: median(all.map((t) => t.wall)), cpu: median(all.map((t) => t.cpu)) };
}

async function main(choice: 'native' | 'wasm'): Promise<void> {
  const opened = await readConfig(path.resolve('examples/mnist-badnets/mnist-badnets.fineprune.json'), {
    allowedFolders: [],
  });
  const { config } = opened;
  const backend = await selectBackend({ choice, threads: 1 });
  const model = await openModel(opened.modelPath, {});
  const site = findUnitSite(model.graph);
  const data = await openData(config, opened.resolve);
  const roles = splitRoles(config, data);
  const triggered = triggeredInputs(
    await openTrigger(config.trigger as KnownTrigger, data.shape, model.classes, opened.resolve, config.data),
    roles.test,
  );
  const pass: PassOptions = { model, normalisation: config.data, signal: new AbortController().signal };
  const test = sourceOf(roles.test);
  const trainOn = subsetOf(
    sourceOf(roles.fineTune),
    Int32Array.from({ length: 64 * STEPS }, (_, i) => i),
  );
  const steps = () =>
    train({
      model,
      source: trainOn,
      normalisation: config.data,
      epochs: 1,
      batchSize: 64,
      learningRate: 1e-5,
      seed: 0,
      masks: null,
      frozen: [],
      signal: pass.signal,
    }).then(() => undefined);

  await predict(
    subsetOf(
      test,
      Int32Array.from({ length: 512 }, (_, i) => i),
    ),
    pass,
  );
  const analysis = await rounds(() => measure(test, site, pass).then(() => undefined));

  const wholeCurve = async () => {
    const onTest = await measure(test, site, pass);
    const onTriggered = await measure(triggered, site, pass);
    const order = pruneOrder(onTest.statistics.mean());
    await curveHits(
      { source: test, measured: onTest, wanted: 'labels' },
      site,
      order,
      () => new Int32Array(),
      Infinity,
      pass,
    );
    await curveHits(
      { source: triggered, measured: onTriggered, wanted: triggered.target },
      site,
      order,
      () => new Int32Array(),
      Infinity,
      pass,
    );
  };
  const onePoint = async () => {
    applyMasks(model.network, masksFor(model.graph, site, []));
    await predict(test, pass);
    await predict(triggered, pass);
  };
  // In turn, so that both see the same machine.
  const curves = [];
  const anewPoints = [];
  for (let i = 0; i < REEVALUATED; i++) {
    curves.push((await timed(wholeCurve)).cpu);
    anewPoints.push((await timed(onePoint)).cpu);
  }
  const curve = median(curves);
  const points = site.units + 1;
  const anew = median(anewPoints) * points;

  await steps();
  const step = await rounds(steps);
  const scans = await rounds(() =>
    scanModel({ ...pass, ...scanImagesOf(roles, 0, 'idx'), seed: 0, wanted: [] }).then(() => undefined),
  );
  console.log(
    JSON.stringify({
      backend: choice,
      engine: backend.version,
      threads: backend.threads,
      analysis: {
        images: test.count,
        imagesPerSecond: Math.round((1000 * test.count) / analysis.wall),
        cpuMs: Math.round(analysis.cpu),
      },
      step: { batch: 64, wallMs: round(step.wall / STEPS), cpuMs: round(step.cpu / STEPS) },
      curve: {
        points,
        cpuMs: Math.round(curve),
        reevaluatingCpuMs: Math.round(anew),
        reevaluatedPoints: REEVALUATED,
        ratio: round(anew / curve),
      },
      scan: { classes: model.classes, wallMs: Math.round(scans.wall), cpuMs: Math.round(scans.cpu) },
      peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
    }),
  );
  model.dispose();
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

main(process.argv[2] as 'native' | 'wasm').catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
