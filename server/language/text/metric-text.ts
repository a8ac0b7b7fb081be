/** Definitions of the terms of the field, as hovers give them: a term means the same wherever it is met. */
export interface Term {
  title: string;
  /** Markdown, one to three sentences. */
  definition: string;
}

export const TERMS = {
  cleanAccuracy: {
    title: 'Clean accuracy',
    definition: 'Share of clean test images that are classified as labelled.',
  },
  attackSuccessRate: {
    title: 'Attack success rate (ASR)',
    definition:
      'Share of triggered test images *whose true class is not the target* that are classified as the target class. Once the backdoor is gone, it is near the rate at which the model confuses clean images with the target.',
  },
  excess: {
    title: 'Excess',
    definition:
      'Images classified as a class only with the trigger, minus those classified as it only without the trigger, as a share of all images with another label. Judged by the upper bound of the score interval for paired proportions (Tango 1998).',
  },
  robustAccuracy: {
    title: 'Robust accuracy',
    definition:
      'Share of those same triggered images that are classified as their true class. It shows whether the model was repaired or merely confused in another way.',
  },
  pruningRatio: {
    title: 'Pruning ratio',
    definition:
      "Share of the layer's units that are pruned: ⌊ratio·n⌋ of n units, those with the lowest mean activation on clean data first; ties by lower index.",
  },
  meanActivation: {
    title: 'Mean activation',
    definition:
      "Mean of a unit's output over the clean images, after the activation function; for a convolution, over the images and all positions of the channel.",
  },
  prunedNeuron: {
    title: 'Pruned neuron',
    definition:
      'Contributes nothing downstream: its incoming weights and bias are zero (and its outgoing weights, where zero input does not give zero output), and they stay zero in fine-tuning.',
  },
  penultimateLayer: {
    title: 'Penultimate layer',
    definition: 'The last layer with units before the classifier layer. It is pruned unless `layer` names another.',
  },
  trigger: {
    title: 'Trigger',
    definition:
      'What the attacker stamps on an input: kind, parameters, and the target class that the input is then classified as. It acts on pixels in [0, 1], before mean and standard deviation, then clips.',
  },
  targetClass: {
    title: 'Target class',
    definition: 'What every triggered input is meant to be classified as (all-to-one attack).',
  },
  gate: {
    title: 'Gate',
    definition:
      'A limit that decides the verdict and the exit code. It is met only when it was measured on a known trigger, or with `acceptEstimated: true`.',
  },
  wilson: {
    title: '95 % Wilson interval',
    definition:
      'Range in which the true rate lies with 95 % confidence, given how many images were measured (Wilson 1927).',
  },
  holdout: {
    title: 'Held-out data',
    definition:
      'Clean training images that fine-tuning never sees. Choices are made on them, so that the test set is used only for the reported figures.',
  },
  fineTuning: {
    title: 'Fine-tuning',
    definition:
      'Training the pruned model again on clean data using Adam, with the pruned neurons kept at zero. It regains clean accuracy and may undo more of the backdoor than pruning did.',
  },
  triggerInversion: {
    title: 'Trigger inversion',
    definition:
      'Searches, for each class, for the smallest mask and pattern that send clean images to that class (Neural Cleanse; Wang et al. 2019). A backdoor is a shortcut, so its target class needs a far smaller mask than the others.',
  },
  estimatedTrigger: {
    title: 'Estimated trigger',
    definition:
      "Found by trigger inversion, from the model and clean images alone. It need not look like the attacker's, and may be weaker; every figure on it is labelled *estimated*.",
  },
  maskNorm: {
    title: 'Size of a mask',
    definition:
      'Sum of the mask over the pixels: 9 is a 3×3 patch that replaces its pixels completely. Classes are compared by the masks of the screening, which gives each of them the same number of steps.',
  },
  anomalyIndex: {
    title: 'Anomaly index',
    definition:
      "How far a class's mask is below the median of all classes on a logarithmic scale, in units of 1.4826 times the median absolute deviation. A class is suspicious when it is high *and* the mask is far below the median.",
  },
} satisfies Record<string, Term>;

export type TermId = keyof typeof TERMS;

/** The terms that explain a field of the config. */
const FIELD_TERMS: Record<string, TermId[]> = {
  trigger: ['trigger', 'attackSuccessRate'],
  'trigger.target': ['targetClass'],
  strategy: ['estimatedTrigger'],
  layer: ['penultimateLayer'],
  prune: ['prunedNeuron'],
  'prune.ratio': ['pruningRatio'],
  'prune.units': ['prunedNeuron'],
  'prune.rule': ['meanActivation'],
  fineTune: ['fineTuning'],
  gates: ['gate'],
  'gates.maxAttackSuccessRate': ['attackSuccessRate', 'wilson'],
  'gates.maxAccuracyDrop': ['cleanAccuracy'],
  'gates.acceptEstimated': ['gate'],
  'data.test': ['cleanAccuracy', 'robustAccuracy'],
  'data.analysis': ['meanActivation'],
  'data.holdout': ['holdout'],
};

export function termsOf(field: string): Term[] {
  return (FIELD_TERMS[field] ?? []).map((id) => TERMS[id]);
}
