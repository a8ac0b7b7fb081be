import type { SplitFiles, TriggerConfig } from '../../protocol/config';

/** What a new config can't do without: paths relative to it, and the trigger if one is known. */
export interface NewConfig {
  readonly model: string;
  readonly train: SplitFiles;
  readonly test: SplitFiles;
  readonly trigger: TriggerConfig | { kind: 'patch' | 'blended' | 'sinusoidal'; target: number } | null;
}

/**
 * Text of a new defense config with the reference set-up: only what is necessary is written, what people change most
 * stands there as comments. Parses and validates.
 */
export function configText({ model, train, test, trigger }: NewConfig): string {
  return `// Fine-Prune: measures, prunes, fine-tunes and measures again. Every field that is left out has the reference
// set-up as its default. To change one of those below, remove the slashes before it.
{
  // The model to defend, relative to this file. It is never changed.
  "model": ${JSON.stringify(model)},

  "data": {
    // Clean training data: for fine-tuning, and the part that is held out for choices.
    "train": ${files(train)},
    // Clean test data: the reported figures.
    "test": ${files(test)},
    // "analysis": "holdout",  // keeps the test set unseen; the reference analyses "test"
    // "fineTuneImages": 20000,  // fewer images: faster, and said in the report
    // "mean": 0.1307, "std": 0.3081,  // if the model was trained on normalised pixels
  },

${triggerText(trigger)},

  // Share of the layer's units to prune; "auto" chooses it on held-out data.
  "prune": { "ratio": 0.2 },
  // "layer": "conv2d_2",  // left out: the layer before the classifier
  // "fineTune": { "epochs": 2, "learningRate": 0.0005, "batchSize": 64 },
  // "gates": { "maxAttackSuccessRate": 0.05, "maxAccuracyDrop": 0.01 },
  // "seed": 0,
}
`;
}

const files = ({ images, labels }: SplitFiles): string => `{\n      "images": ${JSON.stringify(images)},\n      "labels": ${JSON.stringify(labels)}\n    }`;

function triggerText(trigger: NewConfig['trigger']): string {
  if (trigger === null) {
    return `  // No trigger is known: the attack success rate can't be measured. If you know it, for example:
  // { "kind": "patch", "target": 0 }  is a white 3×3 square, one pixel from right and bottom.
  "trigger": null`;
  }
  const fields = Object.entries(trigger).map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `  // What the attacker stamps on an input, and the class that it is meant to be taken for.
  "trigger": {\n${fields.join(',\n')}\n  }`;
}
