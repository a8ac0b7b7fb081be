import assert from 'node:assert/strict';
import { configProblems, parseConfig } from '../../../../server/engine/config/read-config';
import { failureOf } from '../../../harness/files';

export const FILE = '/workspace/mnist.fineprune.json';
export const splits = { train: { images: 'a', labels: 'b' }, test: { images: 'c', labels: 'd' } };
export const base = { model: 'model.json', data: splits };

/** A valid config with some fields changed, as text. */
export const textOf = (fields: object) => JSON.stringify({ ...base, ...fields }, null, 2);
export const problems = (fields: object) => configProblems(textOf(fields));

/** What is wrong, fields with that fault, and code, place and sentence of the one entry that it gives. */
export type FaultyField = [what: string, fields: object, code: string, pointer: string, message: RegExp];

/** Asserts that a config with this fault gives this one entry, placed in the text, and is refused with it. */
export async function givesOneEntry([, fields, code, pointer, message]: FaultyField): Promise<void> {
  const text = textOf(fields);
  const found = configProblems(text);
  assert.deepEqual(
    found.map((problem) => [problem.code, problem.path]),
    [[code, pointer]],
  );
  const [problem] = found;
  assert.match(problem!.message, message);
  assert.ok(problem!.length > 0 && problem!.offset + problem!.length <= text.length);
  const failure = await failureOf(code, () => parseConfig(text, FILE));
  assert.equal(failure.file, FILE);
  assert.match(failure.place!, new RegExp(`^${pointer}, line \\d+:\\d+$`));
}
