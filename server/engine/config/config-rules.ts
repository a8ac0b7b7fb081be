import type { DefenseConfig, TriggerConfig } from '../../protocol/config/config';
import {
  DEFAULT_FORMAT,
  sourceFiles,
  sourceFrom,
  SPLIT_NAMES,
  splitOf,
  type DataSource,
} from '../../protocol/data-source';
import { named, type Fault } from './config-schema';

/** What a JSON schema can't say: fields that exclude or need each other. For configs that match the schema. */
export function ruleFaults(config: DefenseConfig): Fault[] {
  return [
    ...pathFaults(config),
    ...dataFaults(config),
    ...pruneFaults(config),
    ...strategyFaults(config),
    ...triggerFaults(config),
  ];
}

function pathFaults({ model, data, trigger }: DefenseConfig): Fault[] {
  const { format = DEFAULT_FORMAT } = data;
  const paths: [(string | number)[], string | undefined][] = [
    [['model'], model],
    ...SPLIT_NAMES.flatMap((split) => pathsIn(['data', split], splitOf({ ...data, format }, split))),
  ];
  const chosen = triggerOf(trigger);
  if (chosen?.kind === 'samples') paths.push(...pathsIn(['trigger'], sourceFrom(format, chosen)));
  if (chosen?.kind === 'patch' || chosen?.kind === 'blended') paths.push([['trigger', 'image'], chosen.image]);
  return paths
    .filter(([, value]) => value !== undefined && (value.trim() === '' || value.includes('\0')))
    .map(([path, value]) => ({
      code: 'config.wrongValue',
      message: `${named(path)} must be the path of a file, not ${JSON.stringify(value)}.`,
      path,
    }));
}

function pathsIn(place: string[], source: DataSource): [string[], string][] {
  return sourceFiles(source).map(({ field, path }) => [[...place, field.name], path]);
}

function dataFaults({ data, prune }: DefenseConfig): Fault[] {
  const faults: Fault[] = [
    ...listFaults(data.mean, ['data', 'mean'], 'a number', () => true),
    ...listFaults(data.std, ['data', 'std'], 'a number above 0', (value) => value > 0),
  ];
  if (data.holdout === 0 && data.analysis === 'holdout') {
    faults.push({
      code: 'config.conflict',
      message: '`data.analysis` is "holdout", but `data.holdout` is 0: no image is held out.',
      path: ['data', 'holdout'],
      todo: 'Hold out some images, or set `data.analysis` to "test".',
    });
  }
  if (data.holdout === 0 && prune?.ratio === 'auto') {
    faults.push({
      code: 'config.conflict',
      message: '`prune.ratio` is "auto", which is chosen on held-out images, but `data.holdout` is 0.',
      path: ['data', 'holdout'],
      todo: 'Hold out some images, or give a ratio from 0 to 1.',
    });
  }
  return faults;
}

function pruneFaults({ prune }: DefenseConfig): Fault[] {
  if (prune?.ratio === undefined || prune.units === undefined) return [];
  return [
    {
      code: 'config.conflict',
      message: '`prune.ratio` and `prune.units` both say what to prune.',
      path: ['prune', 'units'],
      todo: 'Remove one of the two.',
    },
  ];
}

function strategyFaults({ strategy = 'fine-pruning', data, prune, layer, trigger, fineTune }: DefenseConfig): Fault[] {
  const faults: Fault[] = [];
  const conflict = (message: string, path: string[], todo: string): void =>
    void faults.push({ code: 'config.conflict', message, path, todo });
  if (prune?.rule === 'triggered-difference' && !trigger) {
    conflict(
      '`prune.rule` is "triggered-difference", but no trigger is given that could raise a unit.',
      ['prune', 'rule'],
      'Give the trigger, or set `"trigger": "inverted"` to estimate it.',
    );
  }
  if (prune?.rule === 'triggered-difference' && triggerOf(trigger ?? null)?.kind === 'samples') {
    conflict(
      '`prune.rule` is "triggered-difference", whose order is measured on held-out images with the trigger, but your own triggered images can\'t be stamped on them.',
      ['prune', 'rule'],
      'Describe the trigger, or use another rule.',
    );
  }
  if (prune?.rule === 'triggered-difference' && data.holdout === 0) {
    conflict(
      '`prune.rule` is "triggered-difference", whose order is measured on held-out images, but `data.holdout` is 0.',
      ['data', 'holdout'],
      'Hold out some images, or use another rule.',
    );
  }
  if (strategy === 'fine-pruning') return faults;
  if (strategy !== 'fine-pruning-conv' && fineTune?.epochs !== undefined && strategy !== 'auto') {
    conflict(
      `\`strategy\` is "${strategy}", which chooses its epochs by the number of images; \`fineTune.epochs\` is for the fine-pruning strategies.`,
      ['fineTune', 'epochs'],
      'Remove `fineTune.epochs`, or use another strategy.',
    );
  }
  if (data.holdout === 0) {
    conflict(
      `\`strategy\` is "${strategy}", whose choices are made on held-out images, but \`data.holdout\` is 0.`,
      ['data', 'holdout'],
      'Hold out some images, or use the strategy "fine-pruning".',
    );
  }
  for (const field of ['ratio', 'units', 'rule'] as const) {
    if (prune?.[field] !== undefined)
      conflict(
        `\`strategy\` is "${strategy}", which chooses on its own what to prune; \`prune.${field}\` is for "fine-pruning".`,
        ['prune', field],
        `Remove \`prune.${field}\`, or use the strategy "fine-pruning".`,
      );
  }
  if (layer !== undefined && strategy !== 'guided')
    conflict(
      `\`strategy\` is "${strategy}", which chooses its own layer.`,
      ['layer'],
      'Remove `layer`, or use the strategy "fine-pruning" or "guided".',
    );
  return faults;
}

/** The word `inverted` is short for a trigger of that kind. */
function triggerOf(trigger: DefenseConfig['trigger']): TriggerConfig | null {
  return trigger === 'inverted' ? { kind: 'inverted' } : (trigger ?? null);
}

function triggerFaults(config: DefenseConfig): Fault[] {
  const trigger = triggerOf(config.trigger);
  if (trigger?.kind === 'blended') {
    return both(trigger, 'image', 'patternSeed');
  }
  if (trigger?.kind !== 'patch') return [];
  return [
    ...both(trigger, 'right', 'left'),
    ...both(trigger, 'bottom', 'top'),
    ...both(trigger, 'image', 'value'),
    ...listFaults(
      trigger.size,
      ['trigger', 'size'],
      'a whole number of at least 1',
      (value) => Number.isInteger(value) && value >= 1,
    ),
    ...listFaults(trigger.value, ['trigger', 'value'], 'a number from 0 to 1', (value) => value >= 0 && value <= 1),
  ];
}

function both<T extends object>(trigger: T, one: keyof T & string, other: keyof T & string): Fault[] {
  if (trigger[one] === undefined || trigger[other] === undefined) return [];
  return [
    {
      code: 'config.conflict',
      message: `\`trigger.${one}\` and \`trigger.${other}\` can't be used together.`,
      path: ['trigger', other],
      todo: `Keep one of \`${one}\` and \`${other}\`.`,
    },
  ];
}

/** A number, or a list of at least one, all of which must be as expected. */
function listFaults(
  value: number | number[] | undefined,
  path: string[],
  expected: string,
  ok: (value: number) => boolean,
): Fault[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.length === 0) {
    return [
      {
        code: 'config.wrongValue',
        message: `${named(path)} is an empty list.`,
        path,
        todo: 'Give one number, or one per channel.',
      },
    ];
  }
  const wrong = Array.isArray(value) ? value.findIndex((one) => !ok(one)) : ok(value) ? -1 : 0;
  if (wrong < 0) return [];
  const where = Array.isArray(value) ? [...path, wrong] : path;
  return [
    {
      code: 'config.outOfRange',
      message: `${named(where)} must be ${expected}, not ${Array.isArray(value) ? value[wrong] : value}.`,
      path: where,
    },
  ];
}
