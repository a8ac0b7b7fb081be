import type { Diagnostic } from 'vscode-languageserver-types';
import { namedFiles, rangeOf, stringAt, type ConfigText } from '../text/config-text';
import { summaryOf, type ConfigFacts, type FileFact, type IdxHeader } from '../text/facts';
import { problem, type Fix } from '../text/problem';
import { count } from '../../protocol/words';
import { nearestFirst } from '../../protocol/nearest';

/** How many existing files a quick fix offers in place of a missing one. */
const OFFERED_FILES = 5;

const WHAT = { model: 'model', images: 'images', labels: 'labels', png: 'image' } as const;

/** Checks of the files that a config names: there at all, of the right kind, and fitting each other and the model. */
export function fileChecks(config: ConfigText, facts: ConfigFacts): Diagnostic[] {
  return [
    ...namedFiles(config).flatMap((named) => checkFile(config, facts, named)),
    ...checkPairs(config, facts),
    ...checkShapes(config, facts),
  ];
}

function checkFile(config: ConfigText, facts: ConfigFacts, named: ReturnType<typeof namedFiles>[number]): Diagnostic[] {
  const { value, kind } = named;
  const range = rangeOf(config, named.node);
  const fact = kind === 'model' ? facts.model : facts.files.get(value);
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
          `\`${value}\` is a folder; a file with the ${WHAT[kind]} is expected.`,
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
      return wrongKind(fact.header, kind)
        ? [
            problem(
              'config.dataKind',
              'error',
              range,
              `\`${value}\` contains ${describe(fact.header!)}; ${kind} are expected.`,
            ),
          ]
        : [];
  }
}

function wrongKind(header: IdxHeader | null, kind: string): boolean {
  if (!header) return false;
  return kind === 'labels' ? header.dimensions.length !== 1 : kind === 'images' && header.dimensions.length < 3;
}

function describe(header: IdxHeader): string {
  return header.dimensions.length === 1 ? 'labels' : header.dimensions.length >= 3 ? 'images' : 'a table';
}

/** The header of the file that the string at `path` names, when it could be read. */
export function headerAt(config: ConfigText, facts: ConfigFacts, path: string[]): IdxHeader | undefined {
  const named = stringAt(config, path);
  const fact: FileFact | undefined = named && facts.files.get(named.value);
  return fact?.state === 'ok' ? (fact.header ?? undefined) : undefined;
}

/** Places of images with their labels. */
export const PAIRS = [['data', 'train'], ['data', 'test'], ['trigger']] as const;

function checkPairs(config: ConfigText, facts: ConfigFacts): Diagnostic[] {
  const classes = summaryOf(facts)?.classes ?? 0;
  return PAIRS.flatMap((place) => {
    const images = headerAt(config, facts, [...place, 'images']);
    const labels = headerAt(config, facts, [...place, 'labels']);
    const node = stringAt(config, [...place, 'labels'])?.node;
    if (!labels || !node || labels.dimensions.length !== 1) return [];
    const range = rangeOf(config, node);
    const found: Diagnostic[] = [];
    if (images && images.dimensions.length >= 3 && images.dimensions[0] !== labels.dimensions[0]) {
      found.push(
        problem(
          'config.dataCount',
          'error',
          range,
          `${count(labels.dimensions[0]!)} labels do not match ${count(images.dimensions[0]!)} images; there must be one label per image.`,
        ),
      );
    } else if (classes > 0 && labels.largestLabel !== undefined && labels.largestLabel >= classes) {
      found.push(
        problem(
          'config.dataClasses',
          'error',
          range,
          `These labels go up to ${labels.largestLabel}, but the model has ${classes} classes (0–${classes - 1}).`,
        ),
      );
    }
    return found;
  });
}

/** [height, width, channels] of images as IDX says it: three dimensions are grey images. */
export function imageShape(header: IdxHeader | undefined): [number, number, number] | undefined {
  const [, height, width, channels] = header?.dimensions ?? [];
  return height === undefined || width === undefined ? undefined : [height, width, channels ?? 1];
}

function checkShapes(config: ConfigText, facts: ConfigFacts): Diagnostic[] {
  const expected = summaryOf(facts)?.inputShape ?? [];
  const train = imageShape(headerAt(config, facts, ['data', 'train', 'images']));
  return PAIRS.flatMap((place) => {
    const path = [...place, 'images'];
    const shape = imageShape(headerAt(config, facts, path));
    const node = stringAt(config, path)?.node;
    if (!shape || !node) return [];
    if (expected.length === 3 && !same(shape, expected)) {
      return [
        problem(
          'config.dataShape',
          'error',
          rangeOf(config, node),
          `These images are ${sizeText(shape)}, but the model takes ${sizeText(expected)}.`,
        ),
      ];
    }
    if (expected.length !== 3 && train && !same(shape, train)) {
      return [
        problem(
          'config.dataShape',
          'error',
          rangeOf(config, node),
          `These images are ${sizeText(shape)}, but the training images are ${sizeText(train)}.`,
        ),
      ];
    }
    return [];
  });
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** `28×28×1`. */
export function sizeText(shape: readonly number[]): string {
  return shape.join('×');
}
