import { badInput } from '../../../protocol/errors';
import type { Example, ExamplesData } from '../../../protocol/messages/inspect';
import { subsetOf, type InputSource } from '../../pass/inputs';
import { predict } from '../../pass/measure';
import { shuffled } from '../../data/random';
import type { OpenModel } from '../../model/model';
import type { Subject } from '../subject';
import { pixelBytes } from './unit';

/**
 * Some triggered test inputs beside their clean originals, spread over the true classes, with what the model says of both before
 * and after the defense.
 * @param count 1 to 32
 * @throws FinePruneError `inspect.noTrigger`, `inspect.noCleanCounterpart`
 */
export async function examplesOf(
  subject: Subject,
  defended: OpenModel | null,
  count: number,
  signal: AbortSignal,
): Promise<ExamplesData> {
  const { triggered, config, roles, model } = subject;
  if (!triggered)
    throw badInput('inspect.noTrigger', 'No trigger is known, so there are no triggered inputs to show.', {
      place: '/trigger',
      todo: 'Describe the trigger in the config.',
    });
  if (triggered.kind === 'samples') {
    throw badInput(
      'inspect.noCleanCounterpart',
      'Your own triggered images have no clean originals to show beside them.',
      { place: '/trigger/kind', todo: 'Look at them in the pictures of each neuron.' },
    );
  }
  const positions = spread(triggered.labels, count, config.seed);
  const { split } = roles.test;
  const clean: InputSource = {
    count: positions.length,
    labels: positions.map((p) => triggered.labels[p]!),
    pixels: (at) => split.pixels(Int32Array.from(at, (i) => triggered.testIndex[positions[i]!]!)),
  };
  const stamped = subsetOf(triggered, positions);
  const all = [...positions.keys()];
  const [cleanBytes, stampedBytes] = [pixelBytes(clean, all), pixelBytes(stamped, all)];
  const said = async (by: OpenModel) => {
    const options = { model: by, normalisation: config.data, signal };
    return { clean: await predict(clean, options), triggered: await predict(stamped, options) };
  };
  const before = await said(model);
  const after = defended && (await said(defended));
  return {
    kind: 'examples',
    target: triggered.target,
    examples: all.map((i): Example => ({
      index: triggered.testIndex[positions[i]!]!,
      label: clean.labels[i]!,
      clean: cleanBytes[i]!,
      triggered: stampedBytes[i]!,
      before: { clean: before.clean[i]!, triggered: before.triggered[i]! },
      after: after && { clean: after.clean[i]!, triggered: after.triggered[i]! },
    })),
  };
}

/** `count` positions in seeded order, one of each class in turn, in the order of their classes. */
function spread(labels: Int32Array, count: number, seed: number): Int32Array {
  const byClass = new Map<number, number[]>();
  for (const position of shuffled(labels.length, seed, 'examples')) {
    const label = labels[position]!;
    const known = byClass.get(label);
    if (known) known.push(position);
    else byClass.set(label, [position]);
  }
  const queues = [...byClass].sort(([a], [b]) => a - b).map(([, positions]) => positions);
  const chosen: number[] = [];
  for (let round = 0; chosen.length < Math.min(count, labels.length); round++) {
    for (const queue of queues) if (round < queue.length && chosen.length < count) chosen.push(queue[round]!);
  }
  return Int32Array.from(chosen).sort((a, b) => labels[a]! - labels[b]! || a - b);
}
