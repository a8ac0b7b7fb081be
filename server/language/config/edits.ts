import { findNodeAtLocation } from 'jsonc-parser';
import type { ResolvedConfig, Strategy } from '../../protocol/config/config';
import { badInput } from '../../protocol/errors';
import type { OverriddenSetting } from '../../protocol/report/report';
import { endOfLine, exchangeProperty, indentUnit, removeProperty, rootOf, setProperty } from '../text/json-edits';
import { ratioFor } from '../text/ratio';

/** What a person chose to prune in the inspector: so many of a layer's units, or exactly these. */
export type PruneChoice = { layer: string; count: number; units: number } | { layer: string; units: readonly number[] };

/** Columns that a list of units may take before it is broken into lines. */
const LIST_WIDTH = 100;

/**
 * The text of a config after a choice: `prune.ratio` or `prune.units` is written and the other one goes, since both together say two
 * things. Comments and layout stay. `layer` is written when the choice is about another layer than the config prunes.
 * @param byDefault the layer that a config prunes which names none; undefined when that is not known, and then the layer is named
 * @returns the new text, and what was done in words
 * @throws FinePruneError `config.syntax` when the text is no whole config
 */
export function withChoice(
  text: string,
  choice: PruneChoice,
  byDefault: string | undefined,
): { text: string; told: string } {
  const { name, other, value, told } = written(choice, text);
  let edited = withPrune(text, name, other, value);
  const named = findNodeAtLocation(whole(edited), ['layer'])?.value as unknown;
  if ((typeof named === 'string' ? named : byDefault) === choice.layer) return { text: edited, told };
  const layer = JSON.stringify(choice.layer);
  edited = setProperty(edited, whole(edited), 'layer', () => layer);
  return { text: edited, told: `${told} and layer ${layer}` };
}

/** A repair that a config is to ask for. */
export interface RepairChoice {
  trigger?: 'inverted';
  strategy?: 'guided' | 'auto';
}

/** Comments of a new config that would no longer be true, and what is. */
const PRUNE_COMMENT =
  /\/\/ Share of the layer's units to prune; "auto" chooses it on held-out data\.(?=\r?\n[ \t]*"strategy")/;
const UNKNOWN_COMMENT =
  'No trigger is known: the attack success rate can\'t be measured. "inverted" estimates one from the model.';
const INVERTED_COMMENT = 'Unknown: estimated from the model by trigger inversion.';
const STRATEGY_COMMENT = '// How the model is repaired; this strategy chooses on its own what to prune.';

/**
 * The text of a config that asks for a repair. A strategy chooses by itself what it prunes, and `auto` the layer too, so `prune` and `layer`
 * go where both together would be refused. Comments and layout stay.
 * @returns the new text, and what was done in words
 * @throws FinePruneError `config.syntax` when the text is no whole config
 */
export function withRepair(text: string, { trigger, strategy }: RepairChoice): { text: string; told: string } {
  let edited = text;
  if (trigger && findNodeAtLocation(whole(edited), ['trigger'])?.value !== trigger)
    edited = setProperty(edited, whole(edited), 'trigger', () => JSON.stringify(trigger)).replace(
      UNKNOWN_COMMENT,
      INVERTED_COMMENT,
    );
  if (strategy && findNodeAtLocation(whole(edited), ['strategy'])?.value !== strategy)
    edited = withStrategy(edited, strategy);
  const told = Object.entries({ trigger, strategy })
    .flatMap(([name, value]) => (value === undefined ? [] : [`"${name}": ${JSON.stringify(value)}`]))
    .join(' and ');
  return { text: edited, told };
}

/**
 * The text of a config that asks for what a run had from its command line: a run of it then is that run. What such a strategy chooses by itself
 * goes, as both together would be refused. Comments and layout stay.
 * @param run what was run
 * @throws FinePruneError `config.syntax` when the text is no whole config
 */
export function withSettingsOf(text: string, taken: readonly OverriddenSetting[], run: ResolvedConfig): string {
  return taken.reduce((edited, path) => {
    switch (path) {
      case 'strategy':
        return withStrategy(edited, run.strategy ?? 'fine-pruning');
      case 'data.fineTuneImages': {
        const data = findNodeAtLocation(whole(edited), ['data']);
        return data?.type === 'object' && run.data.fineTuneImages !== null
          ? setProperty(edited, data, 'fineTuneImages', () => String(run.data.fineTuneImages))
          : edited;
      }
      case 'seed':
        return setProperty(edited, whole(edited), 'seed', () => String(run.seed));
      case 'curve':
        return setProperty(edited, whole(edited), 'curve', () => JSON.stringify(run.curve));
    }
  }, text);
}

/** What a config with a strategy can't give, since the strategy chooses it (config-rules.ts in the engine). */
function chosenBy(strategy: Strategy): string[][] {
  if (strategy === 'fine-pruning') return [];
  const epochs = strategy === 'guided' || strategy === 'head-reset' ? [['fineTune', 'epochs']] : [];
  return [['prune'], ...(strategy === 'guided' ? [] : [['layer']]), ...epochs];
}

function withStrategy(text: string, strategy: Strategy): string {
  const value = (): string => JSON.stringify(strategy);
  const has = (field: string): boolean => findNodeAtLocation(whole(text), [field]) !== undefined;
  let edited =
    has('prune') && !has('strategy') && strategy !== 'fine-pruning'
      ? exchangeProperty(text, whole(text), 'prune', 'strategy', value)
      : setProperty(text, whole(text), 'strategy', value);
  for (const gone of chosenBy(strategy)) {
    if (findNodeAtLocation(whole(edited), gone)) edited = removeProperty(edited, gone);
  }
  return strategy === 'fine-pruning' ? edited : edited.replace(PRUNE_COMMENT, STRATEGY_COMMENT);
}

/**
 * The text of a config whose pixels go into the model by other settings. A field that is not there and would only say its default is not
 * written. Comments and layout stay.
 * @throws FinePruneError `config.syntax` when the text is no whole config
 */
export function withPixels(
  text: string,
  { scale, mean, std }: { scale: number; mean: readonly number[]; std: readonly number[] },
): string {
  const short = (list: readonly number[]): number | readonly number[] => (list.length === 1 ? list[0]! : list);
  const fields = { scale: [scale, 1 / 255], mean: [short(mean), 0], std: [short(std), 1] } as const;
  return Object.entries(fields).reduce((edited, [name, [value, byDefault]]) => {
    const data = findNodeAtLocation(whole(edited), ['data']);
    if (data?.type !== 'object' || (value === byDefault && !findNodeAtLocation(data, [name]))) return edited;
    return setProperty(edited, data, name, () => (typeof value === 'number' ? String(value) : `[${value.join(', ')}]`));
  }, text);
}

type Value = (indent: string) => string;
type Field = 'ratio' | 'units';

function written(choice: PruneChoice, text: string): { name: Field; other: Field; value: Value; told: string } {
  if ('count' in choice) {
    const ratio = ratioFor(choice.count, choice.units);
    return {
      name: 'ratio',
      other: 'units',
      value: () => String(ratio),
      told: `prune.ratio ${ratio} (${choice.count} of ${choice.units})`,
    };
  }
  const units = [...new Set(choice.units)].sort((a, b) => a - b);
  return {
    name: 'units',
    other: 'ratio',
    value: (indent) => unitList(units, text, indent),
    told: `prune.units (${units.length})`,
  };
}

function withPrune(text: string, name: Field, other: Field, value: Value): string {
  const prune = findNodeAtLocation(whole(text), ['prune']);
  if (prune?.type !== 'object')
    return setProperty(text, whole(text), 'prune', (indent) => `{ "${name}": ${value(indent)} }`);
  if (!findNodeAtLocation(prune, [name])) return exchangeProperty(text, prune, other, name, value);
  const edited = setProperty(text, prune, name, value);
  return findNodeAtLocation(prune, [other]) ? removeProperty(edited, ['prune', other]) : edited;
}

function whole(text: string): ReturnType<typeof rootOf> & object {
  const root = rootOf(text);
  if (root) return root;
  throw badInput('config.syntax', 'The config is not valid JSON, so nothing was written into it.', {
    todo: 'Correct it first.',
  });
}

/** On one line when it is short; else in lines that are full. */
function unitList(units: readonly number[], text: string, indent: string): string {
  const short = `[${units.join(', ')}]`;
  if (short.length <= LIST_WIDTH) return short;
  const inner = indent + indentUnit(text);
  const lines: string[] = [];
  let line = inner;
  units.forEach((unit, i) => {
    const item = `${unit}${i < units.length - 1 ? ',' : ''}`;
    if (line !== inner && line.length + 1 + item.length > LIST_WIDTH) {
      lines.push(line);
      line = inner;
    }
    line += line === inner ? item : ` ${item}`;
  });
  return ['[', ...lines, line, `${indent}]`].join(endOfLine(text));
}
