import path from 'node:path';
import { below, type Case, type Corpus, type Kind } from '../case';
import { emptied, makeCase, writeCase, type InputId } from '../input';

/** Writes an input with what programs need beside it. @returns absolute path of its folder */
export function written(
  id: InputId,
  kind: Kind,
  corpus: Corpus,
  folder: string,
  outside: string,
): { made: Case; folder: string } {
  const made = makeCase(id, kind, corpus);
  if (kind.beside)
    for (const [name, bytes] of below(corpus, 'project'))
      if (kind.beside.test(name) && !made.files.has(name)) made.files.set(name, bytes);
  writeCase(made, emptied(folder), outside);
  return { made, folder: path.resolve(folder) };
}

/** Names of canaries that may be read: a link of the case leads to them, and a person has named it. A model's weights lie beside it. */
export const named = ({ hostile }: Case, isNamed: (file: string) => boolean): string[] =>
  hostile
    .filter(({ kind, path: file }) => kind === 'canary' && isNamed(file))
    .flatMap(({ path: file }) =>
      path.basename(file) === 'model.json'
        ? ['model.json', 'weights-1-1.bin', 'weights-1-2.bin']
        : [path.basename(file)],
    );
