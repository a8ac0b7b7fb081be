import type { Strategy, TriggerConfig } from '../../protocol/config/config';
import { DEFAULT_FORMAT, withoutFormat, type DataSource } from '../../protocol/data-source';
import { DEFAULT_RATIO } from '../../protocol/config/pruning';

/** What a new config can't do without: paths relative to it, and the trigger if one is known. */
export interface NewConfig {
  readonly model: string;
  readonly train: DataSource;
  readonly test: DataSource;
  /** `inverted`: not known, to be estimated from the model. */
  readonly trigger: TriggerConfig | { kind: 'patch' | 'blended' | 'sinusoidal'; target: number } | 'inverted' | null;
  /** Default: the reference recipe. */
  readonly strategy?: Strategy;
}

/**
 * Text of a new defense config with the reference set-up: only what is necessary is written, what people change most
 * stands there as comments. Parses and validates.
 */
export function configText({ model, train, test, trigger, strategy = 'fine-pruning' }: NewConfig): string {
  return `// Fine-Prune: measures, prunes, fine-tunes and measures again. Every field that is left out has the reference
// set-up as its default. To change one of those below, remove the slashes before it.
{
  // The model to defend, relative to this file. It is never changed.
  "model": ${JSON.stringify(model)},

  "data": {
${formatText(train)}    // Clean training data: for fine-tuning, and the part that is held out for choices.
    "train": ${files(train)},
    // Clean test data: the reported figures.
    "test": ${files(test)},
    // "analysis": "holdout",  // keeps the test set unseen; the reference analyses "test"
    // "fineTuneImages": 20000,  // fewer images: faster, and said in the report
    // "mean": 0.1307, "std": 0.3081,  // if the model was trained on normalised pixels
  },

${triggerText(trigger)},

${repairText(strategy)},
  // "layer": "conv2d_2",  // left out: the layer before the classifier
  // "fineTune": { "epochs": 2, "learningRate": 0.0005, "batchSize": 64 },
  // "gates": { "maxAttackSuccessRate": 0.05, "maxAccuracyDrop": 0.01 },
  // "seed": 0,
}
`;
}

/** Comments above what is pruned, and above a strategy that takes its place. */
export const PRUNE_COMMENT = `// Share of the layer's units to prune; "auto" chooses it on held-out data.`;
export const STRATEGY_COMMENT = '// How the model is repaired; this strategy chooses on its own what to prune.';

function repairText(strategy: Strategy): string {
  if (strategy === 'fine-pruning') return `  ${PRUNE_COMMENT}\n  "prune": { "ratio": ${DEFAULT_RATIO} }`;
  return `  ${STRATEGY_COMMENT}\n  "strategy": ${JSON.stringify(strategy)}`;
}

const formatText = ({ format }: DataSource): string =>
  format === DEFAULT_FORMAT ? '' : `    "format": ${JSON.stringify(format)},\n`;

function files(source: DataSource): string {
  const fields = Object.entries(withoutFormat(source));
  return `{\n${fields.map(([name, value]) => `      ${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(',\n')}\n    }`;
}

function triggerText(trigger: NewConfig['trigger']): string {
  if (trigger === null) {
    return `  // No trigger is known: the attack success rate can't be measured. "inverted" estimates one from the model. If you
  // know it, for example: { "kind": "patch", "target": 0 } is a white 3×3 square, one pixel from right and bottom.
  "trigger": null`;
  }
  if (trigger === 'inverted') {
    return `  // Not known: estimated from the model by trigger inversion. If you know it, for example:
  // { "kind": "patch", "target": 0 }  is a white 3×3 square, one pixel from right and bottom.
  "trigger": "inverted"`;
  }
  const fields = Object.entries(trigger).map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `  // What the attacker stamps on an input, and the class it should be classified as.
  "trigger": {\n${fields.join(',\n')}\n  }`;
}
