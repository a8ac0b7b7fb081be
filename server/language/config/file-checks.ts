import type { Diagnostic } from 'vscode-languageserver-types';
import type { Node } from 'jsonc-parser';
import { contentWords, type Content, type DataHeader, type SourceField } from '../../protocol/data-source';
import { dotted, namedFiles, rangeOf, SOURCE_PLACES, type ConfigText, type NamedFile } from '../text/config-text';
import { summaryOf, type ConfigFacts } from '../text/facts';
import { problem, type Fix } from '../text/problem';
import { count } from '../../protocol/words';
import { nearestFirst } from '../../protocol/nearest';

/** How many existing files a quick fix offers in place of a missing one. */
const OFFERED_FILES = 5;

const WHAT = { model: 'model', png: 'image' } as const;

const whatOf = (named: NamedFile): string => (named.kind === 'data' ? contentWords(named.field) : WHAT[named.kind]);

/** Checks of the files that a config names: there at all, of the right kind, and fitting each other and the model. */
export function fileChecks(config: ConfigText, facts: ConfigFacts): Diagnostic[] {
  return [
    ...namedFiles(config).flatMap((named) => checkFile(config, facts, named)),
    ...checkPairs(config, facts),
    ...checkShapes(config, facts),
  ];
}

function checkFile(config: ConfigText, facts: ConfigFacts, named: NamedFile): Diagnostic[] {
  const { value, kind } = named;
  const range = rangeOf(config, named.node);
  const fact = kind === 'model' ? facts.model : facts.files.get(dotted(named.path));
  if (!fact) return [];
  const candidates = kind === 'model' ? facts.nearby.models : kind === 'png' ? facts.nearby.images : facts.nearby.data;
  const fixes: Fix[] = nearestFirst(value, candidates)
    .slice(0, OFFERED_FILES)
    .map((path) => ({ title: `Change to "${path}"`, range, newText: JSON.stringify(path) }));
  switch (fact.state) {
    case 'missing':
      return [
        problem(
          'config.fileMissing',
          'error',
          range,
          `There is no file \`${value}\` (paths are relative to this config).`,
          fixes,
        ),
      ];
    case 'folder':
      return [
        problem(
          'config.fileMissing',
          'error',
          range,
          `\`${value}\` is a folder; a file with the ${whatOf(named)} is expected.`,
          fixes,
        ),
      ];
    case 'outside':
      return [
        problem(
          'config.fileOutside',
          'error',
          range,
          `\`${value}\` is outside this workspace folder and the folders in the setting \`finePrune.dataFolders\`.`,
        ),
      ];
    case 'unreadable':
      return [
        problem(
          kind === 'model' ? 'config.modelUnreadable' : 'config.dataUnreadable',
          'error',
          range,
          [fact.message, 'todo' in fact && fact.todo].filter(Boolean).join(' '),
        ),
      ];
    case 'ok':
      if ('summary' in fact) {
        return fact.summary.problem
          ? [
              problem(
                'config.modelUnfit',
                'error',
                range,
                [fact.summary.problem.message, fact.summary.problem.todo].filter(Boolean).join(' '),
              ),
            ]
          : [];
      }
      return named.kind === 'data' && fact.header && lacks(fact.header, named.field)
        ? [
            problem(
              'config.dataKind',
              'error',
              range,
              `\`${value}\` contains ${describe(fact.header)}; ${whatOf(named)} are expected.`,
            ),
          ]
        : [];
  }
}

const lacks = (header: DataHeader, { holds }: SourceField): boolean => holds.some((content) => !header[content]);

function describe({ images, labels }: DataHeader): string {
  return [images && 'images', labels && 'labels'].filter(Boolean).join(' and ') || 'a table';
}

/** What is known of the images or labels that a config names, and where in its text. */
interface Stated<C extends Content> {
  known: NonNullable<DataHeader[C]>;
  node: Node;
}

/** The images that a place names, such as `['data', 'train']`, when their header could be read. */
export function imagesAt(
  config: ConfigText,
  facts: ConfigFacts,
  place: readonly string[],
): Stated<'images'> | undefined {
  return statedAt(config, facts, place, 'images');
}

function statedAt<C extends Content>(
  config: ConfigText,
  facts: ConfigFacts,
  place: readonly string[],
  content: C,
): Stated<C> | undefined {
  for (const named of namedFiles(config)) {
    if (named.kind !== 'data' || named.place.join() !== place.join() || !named.field.holds.includes(content)) continue;
    const fact = facts.files.get(dotted(named.path));
    const known = fact?.state === 'ok' ? fact.header?.[content] : undefined;
    if (known) return { known, node: named.node };
  }
  return undefined;
}

function checkPairs(config: ConfigText, facts: ConfigFacts): Diagnostic[] {
  const classes = summaryOf(facts)?.classes ?? 0;
  return SOURCE_PLACES.flatMap((place) => {
    const images = imagesAt(config, facts, place)?.known;
    const labels = statedAt(config, facts, place, 'labels');
    if (!labels) return [];
    const range = rangeOf(config, labels.node);
    const { count: number, largest } = labels.known;
    if (images && images.count !== number) {
      return [
        problem(
          'config.dataCount',
          'error',
          range,
          `${count(number)} labels do not match ${count(images.count)} images; there must be one label per image.`,
        ),
      ];
    }
    if (classes === 0 || largest === undefined || largest < classes) return [];
    return [
      problem(
        'config.dataClasses',
        'error',
        range,
        `These labels go up to ${largest}, but the model has ${classes} classes (0–${classes - 1}).`,
      ),
    ];
  });
}

function checkShapes(config: ConfigText, facts: ConfigFacts): Diagnostic[] {
  const expected = summaryOf(facts)?.inputShape ?? [];
  const train = imagesAt(config, facts, ['data', 'train'])?.known.shape;
  return SOURCE_PLACES.flatMap((place) => {
    const images = imagesAt(config, facts, place);
    if (!images) return [];
    const { shape } = images.known;
    const other =
      expected.length === 3
        ? { size: expected, words: 'the model takes' }
        : train && { size: train, words: 'the training images are' };
    if (!other || same(shape, other.size)) return [];
    return [
      problem(
        'config.dataShape',
        'error',
        rangeOf(config, images.node),
        `These images are ${sizeText(shape)}, but ${other.words} ${sizeText(other.size)}.`,
      ),
    ];
  });
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** `28×28×1`. */
export function sizeText(shape: readonly number[]): string {
  return shape.join('×');
}
