import type { HeldOutFigures, Round } from '../../protocol/report/report';
import { inversionOf } from '../../protocol/report/scan';
import { allIndices } from '../data/roles';
import { drawn, shuffled } from '../data/random';
import { decodeEstimate } from '../triggers/estimate';
import { invertTriggers } from '../detect/neural-cleanse/invert';
import { stampMask, type MaskAndPattern } from '../detect/neural-cleanse/mask-search';
import { SCAN } from '../detect/scan';
import { masksFor } from '../model/masks';
import { teacherOf } from '../training/distillation';
import { train } from '../training/train';
import { sourceOf, type InputSource } from '../pass/inputs';
import { guidedOrder } from '../pruning/triggered-difference';
import { bestOf, leastLoss } from './choice';
import { freshOn, heldOutFigures } from './held-out';
import type { Repair, RepairContext, Repaired } from './repair';
import { Weights } from './weights';
import { pruneCount } from '../../protocol/pruning';

const MOST_ROUNDS = 5;
/** Steps that a round takes at least, and epochs that it takes at most: a small set is gone through several times. */
const LEAST_STEPS = 400;
const MOST_EPOCHS = 10;
/**
 * With so many images a fifth of them is stamped, in three rounds at least; with fewer, each of them once more, in two, and the input
 * model teaches. After two rounds with many, networks with batch normalisation let the true trigger through on 1.7 and 3.8 % of images
 * although a fresh one had sunk to 0.5 and 1 %; after three, on 0.3 and 0.5 %.
 */
const MANY_IMAGES = 20_000;
/** Where no number of units meets the gates by itself, as many go as the accuracy limit allows, up to the reference's ratio. */
const MOST_PRUNED = 0.2;

/**
 * Prunes the units that the estimated triggers raise most, then fine-tunes on clean images and on images stamped with every trigger
 * estimated so far under their true labels, where images are few also towards the input model's answers to the clean ones: unlearning by inversion (Wang et al., IEEE S&P 2019, section VI.C), in rounds, since
 * what is left of a backdoor is found only by inverting again. The known trigger, if there is one, is never trained on: it
 * stays an independent measure. At least two rounds, three where images are many; up to five while a fresh trigger, no larger than the first, succeeds on held-out images.
 */
export const guided: Repair = {
  name: 'guided',
  source:
    'Wang et al. 2019 (Neural Cleanse, sections VI.B and VI.C), in rounds, with distillation (Hinton et al. 2015)',
  needsTarget: true,
  cost: 4,
  run,
};

async function run(context: RepairContext): Promise<Repaired> {
  const { subject, scan, images, targets, pass, onProgress } = context;
  const { config, model, roles, frozen } = subject;
  const first = targets.map((target) => ({
    target,
    ...decodeEstimate(inversionOf(scan!, target)!.estimate!, model.inputShape),
  }));
  const pruned = await choosePruned(context);
  // Few images lose what the model knew; many teach it anew, and owe nothing to an attacked teacher.
  const teacher = roles.fineTune.indices.length < MANY_IMAGES ? await teacherOf(sourceOf(roles.fineTune), pass) : null;
  const masks = masksFor(model, subject.site, pruned.units);
  const plan = planOf(roles.fineTune.indices.length, config.fineTune.batchSize);
  const rounds: Round[] = [];
  const states: Weights[] = [];
  const fresh: Repaired['fresh'][] = [];
  const history: Repaired['training']['history'] = [];
  const triggers: MaskAndPattern[][] = targets.map(() => []);
  const stepsAfter: number[] = [];
  try {
    masks.apply();
    for (let round = 1; round <= MOST_ROUNDS; round++) {
      const share = (part: number): number => Math.min(1, (round - 1 + part) / plan.leastRounds);
      // The first round's triggers are those of the scan.
      const found =
        round === 1
          ? first
          : await invertTriggers(
              {
                targets,
                source: images!.search,
                batchSize: SCAN.finalBatchSize,
                steps: SCAN.finalSteps,
                patience: SCAN.finalPatience,
                bounds: null,
                seed: config.seed,
                purpose: `round ${round}`,
                onStep: (done, of) => onProgress(share((0.2 * done) / of)),
              },
              pass,
            );
      found.forEach((one, i) => triggers[i]!.push(one));
      const { source, imageOf } = withStamped(
        sourceOf(roles.fineTune),
        targets,
        triggers,
        plan.stamped,
        config.seed,
        round,
        model.inputShape[2],
      );
      const trained = await train({
        model,
        source,
        normalisation: subject.normalisation,
        ...config.fineTune,
        epochs: plan.epochs,
        seed: (config.seed + round) % 2 ** 32,
        masks,
        frozen: frozen.map(({ layer }) => layer),
        signal: pass.signal,
        // Of a stamped image the teacher has seen the clean one: it is to be answered as if nothing were stamped on it.
        ...(teacher && { teacher: (positions: ArrayLike<number>) => teacher(Array.from(positions, imageOf)) }),
        onStep: (step, total, soFar) => onProgress(share(0.2 + (0.6 * step) / total), soFar),
      });
      const bounded = await freshOn(context, (done) => onProgress(share(0.8 + 0.2 * done)));
      const figures = await heldOutFigures(context.heldOut, bounded, pass);
      const last = trained.history.at(-1)!;
      rounds.push({
        inverted: found.map(({ target, norm }) => ({ target, norm: Number(norm.toPrecision(9)) })),
        epochs: plan.epochs,
        stamped: plan.stamped,
        loss: last.loss,
        accuracy: last.accuracy,
        heldOut: figures,
      });
      history.push(...trained.history.map((one) => ({ ...one, epoch: history.length + one.epoch })));
      stepsAfter.push((stepsAfter.at(-1) ?? 0) + trained.steps);
      fresh.push(bounded);
      states.push(new Weights(model));
      if (round >= plan.leastRounds && enough(figures, config.gates.maxAttackSuccessRate)) break;
    }
  } finally {
    masks.dispose();
  }
  const figures = rounds.map(({ heldOut }) => heldOut);
  const kept = bestOf(figures, config.gates) ?? leastLoss(figures);
  states[kept]!.restore();
  return {
    pruned: { site: subject.site, rule: 'triggered-difference', ...pruned },
    rounds,
    keptRound: kept + 1,
    training: {
      ...config.fineTune,
      epochs: plan.epochs * (kept + 1),
      steps: stepsAfter[kept]!,
      history: history.slice(0, plan.epochs * (kept + 1)),
    },
    fresh: fresh[kept]!,
  };
}

/** Rounds are added only while a fresh trigger still succeeds. */
function enough({ freshTrigger }: HeldOutFigures, limit: number): boolean {
  return freshTrigger === null || freshTrigger.high <= limit;
}

/** Epochs of a round, the share of images that come a second time, stamped, and the rounds that there are at least. */
export function planOf(images: number, batchSize: number): { epochs: number; stamped: number; leastRounds: number } {
  const [stamped, leastRounds] = images >= MANY_IMAGES ? [0.2, 3] : [1, 2];
  return {
    stamped,
    leastRounds,
    epochs: Math.max(1, Math.min(MOST_EPOCHS, Math.ceil((LEAST_STEPS * batchSize) / (images * (1 + stamped))))),
  };
}

async function choosePruned({
  subject,
  heldOut,
  pass,
}: RepairContext): Promise<{ order: Int32Array; units: number[] }> {
  const { config, model, site } = subject;
  const draw = (n: number, count: number): Int32Array => drawn(allIndices(n), count, config.seed, 'curve');
  // Of several suspicious classes, the units of the first decide: rounds of unlearning see to the others.
  const { order, raised, smallest, withinAccuracy } = await guidedOrder({
    model,
    site,
    normalisation: subject.normalisation,
    signal: pass.signal,
    clean: heldOut.clean,
    triggered: heldOut.estimated[0]!,
    curve: config.curve,
    draw,
    gates: config.gates,
  });
  const count = smallest ? smallest.pruned : Math.min(withinAccuracy, raised, pruneCount(MOST_PRUNED, site.units));
  return { order, units: [...order.subarray(0, count)] };
}

/** All images as they are, and a share of them once more with an estimated trigger, under their true labels; and which image stands at a position. */
function withStamped(
  base: InputSource,
  targets: readonly number[],
  triggers: readonly (readonly MaskAndPattern[])[],
  share: number,
  seed: number,
  round: number,
  channels: number,
): { source: InputSource; imageOf: (position: number) => number } {
  const all = targets.flatMap((target, i) => triggers[i]!.map((trigger) => ({ target, trigger })));
  const picked = shuffled(base.count, seed, `stamped ${round}`).subarray(0, Math.round(share * base.count));
  const imageOf = (position: number): number => (position < base.count ? position : picked[position - base.count]!);
  const source: InputSource = {
    count: base.count + picked.length,
    labels: Int32Array.from({ length: base.count + picked.length }, (_, position) => base.labels[imageOf(position)]!),
    pixels: (positions) => {
      const pixels = base.pixels(Int32Array.from(positions, imageOf));
      const size = pixels.length / positions.length;
      Array.from(positions).forEach((position, i) => {
        if (position < base.count) return;
        const image = pixels.subarray(i * size, (i + 1) * size);
        stampMask(all[(position - base.count) % all.length]!.trigger, channels, image, image);
      });
      return pixels;
    },
  };
  return { source, imageOf };
}
