import type { HeldOutFigures, Round } from '../../protocol/report/report';
import { inversionOf } from '../../protocol/report/scan';
import { allIndices } from '../data/roles';
import { drawn, shuffled } from '../data/random';
import { decodeEstimate } from '../triggers/estimate';
import { invertTriggers } from '../detect/neural-cleanse/invert';
import { stampMask, type MaskAndPattern } from '../triggers/mask';
import { SCAN } from '../detect/neural-cleanse/settings';
import { applyMasks, masksFor, type Masks } from '../model/masks';
import { teacherOf, type Teacher } from '../training/distillation';
import { train, type Trained } from '../training/train';
import { sourceOf, type InputSource } from '../pass/inputs';
import { guidedOrder } from '../pruning/triggered-difference';
import { bestOf, leastLoss } from './choice';
import { freshOn, heldOutFigures } from './held-out';
import type { Repair, RepairContext, Repaired } from './repair';
import { Weights } from './weights';
import { pruneCount } from '../../protocol/config/pruning';

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
  const { subject, pass } = context;
  const { config, model, roles } = subject;
  const pruned = await choosePruned(context);
  // Few images lose what the model knew; many teach it again, and owe nothing to an attacked teacher.
  const teacher = roles.fineTune.indices.length < MANY_IMAGES ? await teacherOf(sourceOf(roles.fineTune), pass) : null;
  const masks = masksFor(model.graph, subject.site, pruned.units);
  const plan = planOf(roles.fineTune.indices.length, config.fineTune.batchSize);
  const setting: Setting = { context, teacher, masks, plan, triggers: context.targets.map(() => []) };
  const done: Done[] = [];
  applyMasks(model.network, masks);
  for (let number = 1; number <= MOST_ROUNDS; number++) {
    const one = await performRound(setting, number);
    done.push(one);
    if (number >= plan.leastRounds && enough(one.round.heldOut, config.gates.maxAttackSuccessRate)) break;
  }
  const rounds = done.map(({ round }) => round);
  const figures = rounds.map(({ heldOut }) => heldOut);
  const kept = bestOf(figures, config.gates) ?? leastLoss(figures);
  done[kept]!.weights.restore();
  const trained = done.slice(0, kept + 1).map((one) => one.trained);
  return {
    pruned: { site: subject.site, rule: 'triggered-difference', ...pruned },
    rounds,
    keptRound: kept + 1,
    training: {
      ...config.fineTune,
      epochs: plan.epochs * (kept + 1),
      steps: trained.reduce((sum, { steps }) => sum + steps, 0),
      history: trained.flatMap(({ history }) => history).map((epoch, at) => ({ ...epoch, epoch: at + 1 })),
    },
    fresh: done[kept]!.fresh,
  };
}

/** What all rounds share. */
interface Setting {
  readonly context: RepairContext;
  readonly teacher: Teacher | null;
  readonly masks: Masks;
  readonly plan: ReturnType<typeof planOf>;
  /** By target, every trigger that was estimated so far; each round adds its own. */
  readonly triggers: MaskAndPattern[][];
}

/** A finished round, and what it left behind. */
interface Done {
  readonly round: Round;
  readonly trained: Trained;
  readonly weights: Weights;
  readonly fresh: Repaired['fresh'];
}

/** Estimates triggers in the model as it is, trains against all that were found so far, and looks how far a fresh one gets. */
async function performRound({ context, teacher, masks, plan, triggers }: Setting, number: number): Promise<Done> {
  const { subject, pass, onProgress } = context;
  const { config, model, frozen } = subject;
  const share = (part: number): number => Math.min(1, (number - 1 + part) / plan.leastRounds);
  const found = await triggersOf(context, number, (done) => onProgress(share(0.2 * done)));
  found.forEach((one, i) => triggers[i]!.push(one));
  const { source, imageOf } = withStamped(context, triggers, plan.stamped, number);
  const trained = await train({
    model,
    source,
    normalisation: subject.normalisation,
    ...config.fineTune,
    epochs: plan.epochs,
    seed: (config.seed + number) % 2 ** 32,
    masks,
    frozen: frozen.map(({ layer }) => layer),
    signal: pass.signal,
    // Of a stamped image the teacher has seen the clean one: it is to be answered as if nothing were stamped on it.
    ...(teacher && { teacher: (positions: ArrayLike<number>) => teacher(Array.from(positions, imageOf)) }),
    onStep: (step, total, soFar) => onProgress(share(0.2 + (0.6 * step) / total), soFar),
  });
  const fresh = await freshOn(context, (done) => onProgress(share(0.8 + 0.2 * done)));
  const { loss, accuracy } = trained.history.at(-1)!;
  const round: Round = {
    inverted: found.map(({ target, norm }) => ({ target, norm: Number(norm.toPrecision(9)) })),
    epochs: plan.epochs,
    stamped: plan.stamped,
    loss,
    accuracy,
    heldOut: await heldOutFigures(context.heldOut, fresh, pass),
  };
  return { round, trained, weights: new Weights(model), fresh };
}

/** The triggers that a round begins with, by target: in the first round those of the scan. */
async function triggersOf(
  { subject, scan, images, targets, pass }: RepairContext,
  number: number,
  onProgress: (share: number) => void,
): Promise<(MaskAndPattern & { target: number })[]> {
  const { config, model } = subject;
  if (number === 1) {
    return targets.map((target) => ({
      target,
      ...decodeEstimate(inversionOf(scan!, target)!.estimate!, model.inputShape),
    }));
  }
  const options = {
    targets,
    source: images!.search,
    batchSize: SCAN.finalBatchSize,
    steps: SCAN.finalSteps,
    patience: SCAN.finalPatience,
    bounds: null,
    seed: config.seed,
    purpose: `round ${number}`,
    onStep: (done: number, of: number) => onProgress(done / of),
  };
  return await invertTriggers(options, pass);
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

/** All images as they are, and a share of them once more with an estimated trigger, under their true labels; and which image is at a position. */
function withStamped(
  { subject: { config, model, roles } }: RepairContext,
  triggers: readonly (readonly MaskAndPattern[])[],
  share: number,
  round: number,
): { source: InputSource; imageOf: (position: number) => number } {
  const base = sourceOf(roles.fineTune);
  const channels = model.inputShape[2];
  const all = triggers.flat();
  const picked = shuffled(base.count, config.seed, `stamped ${round}`).subarray(0, Math.round(share * base.count));
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
        stampMask(all[(position - base.count) % all.length]!, channels, image, image);
      });
      return pixels;
    },
  };
  return { source, imageOf };
}
