import type { InputSource, PassOptions } from '../../pass/inputs';
import { turn } from '../../pass/inputs';
import { randomStream } from '../../data/random';
import { pixelGradient } from './input-gradient';
import type { MaskAndPattern } from '../../triggers/mask';
import { MaskSearch } from './mask-search';

/** Images that one gradient takes at the most: classes are searched together up to that. */
const MOST_ROWS = 320;

export interface InvertOptions {
  /** Classes to search a trigger for. */
  targets: readonly number[];
  /** Clean images to search on. */
  source: InputSource;
  /** Images of other classes a step and class. */
  batchSize: number;
  /** Steps at the most. */
  steps: number;
  /** Ends a search whose mask did not become 2 % smaller for so many looks of ten steps; Infinity never does. */
  patience: number;
  /** Norm in pixels that masks are held to, by place in `targets`; null searches for the smallest. */
  bounds: readonly number[] | null;
  seed: number;
  /** Distinguishes the random numbers of this search from those of others with the same seed. */
  purpose: string;
  /** Called after every step with the searches and the number of steps done. */
  onStep?: (done: number, of: number, searches: readonly MaskSearch[]) => void;
}

/** What a search found for a class. */
export interface Inverted extends MaskAndPattern {
  readonly target: number;
  /** Whether a trigger with the wanted success was found. */
  readonly succeeded: boolean;
  readonly steps: number;
}

/** Classes whose images of one step go through the network together: memory does not grow with the number of classes. */
export function classesAtOnce(batchSize: number): number {
  return Math.max(1, Math.floor(MOST_ROWS / batchSize));
}

/**
 * Trigger inversion for several classes, batched: the images of all classes go through the network together, so that a step of
 * ten classes costs one call of each kernel. Images of a class itself are left out of its search.
 * @throws FinePruneError of kind `cancelled` within one step
 */
export async function invertTriggers(
  options: InvertOptions,
  { model, normalisation, signal }: PassOptions,
): Promise<Inverted[]> {
  const { targets, batchSize, steps } = options;
  const atOnce = classesAtOnce(batchSize);
  const found: Inverted[] = [];
  const groups = Math.ceil(targets.length / atOnce);
  for (let group = 0; group < groups; group++) {
    const from = group * atOnce;
    const searches = targets
      .slice(from, from + atOnce)
      .map(
        (target, i) =>
          new MaskSearch(
            target,
            model.inputShape,
            randomStream(options.seed, `${options.purpose} mask ${target}`),
            options.bounds && options.bounds[from + i]!,
          ),
      );
    const draw = drawer(options.source, searches, options);
    const told = (done: number): void => options.onStep?.(group * steps + done, groups * steps, searches);
    for (let step = 0; step < steps; step++) {
      const running = searches.filter((search) => search.looksSinceBest < options.patience);
      if (running.length === 0) break;
      const images = running.map((search) => draw(search.target));
      const size = images[0]!.length;
      const stamped = new Float32Array(size * running.length);
      const wanted = new Int32Array(batchSize * running.length);
      running.forEach((search, i) => {
        search.stamp(images[i]!, stamped.subarray(i * size, (i + 1) * size));
        wanted.fill(search.target, i * batchSize, (i + 1) * batchSize);
      });
      const { gradient, predicted } = pixelGradient(model, normalisation, stamped, wanted);
      running.forEach((search, i) => {
        const taken = predicted
          .subarray(i * batchSize, (i + 1) * batchSize)
          .reduce((n, label) => n + (label === search.target ? 1 : 0), 0);
        search.step(images[i]!, gradient.subarray(i * size, (i + 1) * size), taken);
      });
      told(step + 1);
      await turn(signal);
    }
    told(steps);
    found.push(
      ...searches.map((search) => ({
        target: search.target,
        ...search.result(),
        succeeded: search.best !== null,
        steps: search.steps,
      })),
    );
  }
  return found;
}

/** Gives batches of images of other classes, all of them before one comes again. */
function drawer(
  source: InputSource,
  searches: readonly MaskSearch[],
  { batchSize, seed, purpose }: InvertOptions,
): (target: number) => Float32Array {
  const streams = new Map(
    searches.map(({ target }) => {
      const others = Int32Array.from(source.labels.keys()).filter((i) => source.labels[i] !== target);
      const random = randomStream(seed, `${purpose} images ${target}`);
      let left = 0;
      const next = (): number => {
        if (left === 0) left = others.length;
        const at = random.integer(left--);
        const picked = others[at]!;
        others[at] = others[left]!;
        others[left] = picked;
        return picked;
      };
      return [target, next] as const;
    }),
  );
  return (target) => source.pixels(Int32Array.from({ length: batchSize }, streams.get(target)!));
}
