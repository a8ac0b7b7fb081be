import { eachBatch, type InputSource, type PassOptions } from '../pass/inputs';

/**
 * How a teacher is followed. The weight is the part of the loss that follows the teacher; the rest follows the labels. With 0.5 a
 * backdoored teacher kept more of its backdoor, at no better accuracy.
 */
export const DISTILLATION = { temperature: 4, weight: 0.1 } as const;

/** What a teacher says of a source's images: softmax(logits / temperature), [positions, classes] row-major. */
export type Teacher = (positions: ArrayLike<number>) => Float32Array;

/**
 * The model as it is now, as a teacher of what it becomes: its answers to a source's images are kept.
 * @throws FinePruneError of kind `cancelled`
 */
export async function teacherOf(source: InputSource, { model, normalisation, signal }: PassOptions): Promise<Teacher> {
  const { classes } = model;
  const answers = new Float32Array(source.count * classes);
  await eachBatch(source, { model, normalisation, signal }, (batch, start) => {
    answers.set(model.network.probabilities(batch, DISTILLATION.temperature), start * classes);
  });
  return (positions) => {
    const rows = new Float32Array(positions.length * classes);
    Array.from(positions, (position, i) =>
      rows.set(answers.subarray(position * classes, (position + 1) * classes), i * classes),
    );
    return rows;
  };
}
