import type { FinePruneError } from '../../../../../protocol/errors';
import type { JsonNode } from '../json';

interface Reader {
  readonly name: string;
  /** Names of the layers that it reads. */
  readonly inputs: readonly string[];
}

/**
 * The layers that the output depends on, each after those it reads; else in the file's order.
 * @param config of the model, for messages
 * @throws FinePruneError `model.badTopology` when one reads a layer that is not there, or layers read each other in a circle
 */
export function topologicalOrder<Entry extends Reader>(
  entries: readonly Entry[],
  output: string,
  config: JsonNode,
): Entry[] {
  const byName = new Map(entries.map((e) => [e.name, e]));
  const needed = new Set<string>();
  const find = (name: string, reader: string): Entry => {
    const entry = byName.get(name);
    if (!entry) throw broken(config, `${reader} reads layer "${name}", which the file does not have`);
    return entry;
  };
  const open = [find(output, 'The output')];
  while (open.length > 0) {
    const entry = open.pop()!;
    if (needed.has(entry.name)) continue;
    needed.add(entry.name);
    for (const name of entry.inputs) open.push(find(name, `Layer "${entry.name}"`));
  }
  return inPasses(
    entries.filter((e) => needed.has(e.name)),
    config,
  );
}

/**
 * As if the file were read from its beginning again and again, each time taking what reads nothing but what was taken before. Each
 * connection is followed once: layers in reverse order would take as many passes as there are layers.
 */
function inPasses<Entry extends Reader>(entries: readonly Entry[], config: JsonNode): Entry[] {
  const at = new Map(entries.map((entry, i) => [entry.name, i]));
  const readers: number[][] = entries.map(() => []);
  const missing = entries.map(({ inputs }, i) => {
    const distinct = new Set(inputs);
    for (const name of distinct) readers[at.get(name)!]!.push(i);
    return distinct.size;
  });
  const pass = entries.map(() => 0);
  const ready = missing.flatMap((inputs, i) => (inputs === 0 ? [i] : []));
  for (let next = 0; next < ready.length; next++) {
    const i = ready[next]!;
    for (const reader of readers[i]!) {
      pass[reader] = Math.max(pass[reader]!, pass[i]! + (i > reader ? 1 : 0));
      if (--missing[reader]! === 0) ready.push(reader);
    }
  }
  if (ready.length < entries.length)
    throw broken(
      config,
      `layers "${entries
        .filter((_, i) => missing[i]! > 0)
        .map((e) => e.name)
        .slice(0, 5)
        .join('", "')}" read each other in a cycle`,
    );
  return ready.sort((a, b) => pass[a]! - pass[b]! || a - b).map((i) => entries[i]!);
}

function broken(config: JsonNode, why: string): FinePruneError {
  return config.refuse('model.badTopology', `The model's topology is damaged: ${why}.`, 'Export the model again.');
}
