import assert from 'node:assert/strict';
import type { MarkupContent } from 'vscode-languageserver-types';
import { configCompletion } from '../../../../server/language/config/completion';
import { configHints } from '../../../../server/language/config/hints';
import { configHover } from '../../../../server/language/config/hover';
import { configLenses } from '../../../../server/language/config/lenses';
import { fieldAt } from '../../../../server/language/config/schema';
import { NO_FACTS, type ConfigFacts } from '../../../../server/language/text/facts';
import { TERMS } from '../../../../server/language/text/metric-text';
import type { ActiveRun, LastRun } from '../../../../server/language/report/run-state';
import { configOf, configWith, goodFacts, jsonService, SIMPLE_CNN, URI } from '../support';
import { sampleReport } from '../report-support';

/** A text with `|` at the cursor. */
function cursor(text: string) {
  const at = text.indexOf('|');
  const config = configOf(text.replace('|', ''));
  return { config, position: config.document.positionAt(at) };
}

async function labels(text: string, facts = goodFacts()): Promise<string[]> {
  const { config, position } = cursor(text);
  const { items } = await configCompletion(jsonService(), config, facts, position);
  return items.map((item) => item.label);
}

describe('config completion', () => {
  it('offers the layers that can be pruned, the penultimate one first, with their units', async () => {
    const { config, position } = cursor(configWith('"layer": "|"'));
    const { items } = await configCompletion(jsonService(), config, goodFacts(), position);
    assert.deepEqual(
      items.map((i) => [i.label, i.detail]),
      [
        ['"dense"', 'Dense · 128 neurons · penultimate layer, the default'],
        ['"conv2d"', 'Conv2D · 32 channels'],
        ['"conv2d_1"', 'Conv2D · 64 channels'],
      ],
    );
    const edit = items[0]!.textEdit!;
    assert.ok('range' in edit);
    assert.equal(config.document.getText(edit.range), '""');
  });

  it('offers files where a file is named, fitting ones first', async () => {
    assert.deepEqual(await labels('{ "model": | }'), ['"model.json"', '"other/model.json"']);
    assert.deepEqual((await labels('{ "data": { "train": { "labels": "|" } } }'))[0], '"train-labels"');
    assert.deepEqual((await labels('{ "data": { "test": { "images": "t|" } } }'))[0], '"t10k-images"');
    assert.deepEqual(await labels('{ "trigger": { "kind": "patch", "image": "|" } }'), ['"trigger.png"']);
  });

  it('offers words, fields and snippets from the schema', async () => {
    assert.deepEqual((await labels('{ "backend": | }')).sort(), ['"auto"', '"native"', '"wasm"']);
    assert.deepEqual((await labels('{ "trigger": { "kind": | } }')).sort(), [
      '"blended"',
      '"inverted"',
      '"patch"',
      '"samples"',
      '"sinusoidal"',
      '"warped"',
    ]);
    const fields = await labels('{ "trigger": { "kind": "blended", | } }');
    assert.ok(fields.includes('alpha') && fields.includes('target'), fields.join());
    assert.ok(!fields.includes('amplitude') && !fields.includes('right'), fields.join());
    const triggers = await labels('{ "trigger": | }');
    for (const kind of ['patch', 'blended', 'sinusoidal', 'warped', 'samples', '"inverted"', 'null'])
      assert.ok(triggers.includes(kind), triggers.join());
    assert.ok((await labels('{ "prune": { "ratio": | } }')).includes('"auto"'));
    assert.ok((await labels('{ "prune": { | } }')).includes('units'));
    assert.ok((await labels('{ | }')).includes('model'));
  });

  it('offers every strategy and every rule once, each with what it does', async () => {
    for (const [text, words] of [
      ['{ "strategy": | }', ['fine-pruning', 'guided', 'auto']],
      ['{ "prune": { "rule": | } }', ['clean-mean', 'clean-mean-abs', 'triggered-difference']],
    ] as const) {
      const { config, position } = cursor(text);
      const { items } = await configCompletion(jsonService(), config, goodFacts(), position);
      const offered = items.map(({ label }) => label);
      assert.deepEqual(offered, [...new Set(offered)]);
      for (const word of words) assert.ok(offered.includes(JSON.stringify(word)), offered.join());
      // The default says that it is the default, and the hover the rest.
      for (const { label, documentation, detail } of items)
        assert.ok(
          detail === 'Default value' || (documentation as MarkupContent | undefined)?.value,
          `${label} says nothing`,
        );
    }
    assert.deepEqual(
      await labels('{ "trigger": "inv|" }').then((all) => all.filter((label) => label.includes('inverted'))),
      ['"inverted"'],
    );
  });

  it('offers a whole config in an empty file', async () => {
    assert.deepEqual(await labels('|'), ['defense config']);
  });
});

describe('config hover', () => {
  function hover(text: string, facts = goodFacts(), report?: ReturnType<typeof sampleReport>): string {
    const { config, position } = cursor(text);
    const found = configHover(config, facts, position, { report });
    return found ? (found.contents as MarkupContent).value : '';
  }

  it('defines a field with what it accepts, its default, and what it comes to here', () => {
    const text = hover(configWith('"prune": { "ra|tio": 0.2 }'));
    assert.match(text, /`prune\.ratio`.*a number from 0 to 1, or `"auto"`.*default `0\.2`/);
    assert.match(text, /\*\*25 of 128 neurons\*\* of layer `dense`/);
    assert.ok(text.includes(TERMS.pruningRatio.definition));
  });

  it('says what named units are, and how many of the layer', () => {
    const text = hover(configWith('"prune": { "un|its": [3, 7, 11] }'));
    assert.match(text, /`prune\.units`\*\* · a list of different values, each a whole number of at least 0 · optional/);
    assert.match(text, /Prune exactly these units of the layer, by index, instead of a share of them/);
    assert.match(text, /\*\*3 of 128 neurons\*\* of layer `dense`/);
    assert.match(
      hover(configWith('"prune": { "units": [3, |7, 11] }')),
      /A unit of the layer, by its index.*\n\nHere: \*\*3 of 128/,
    );
    assert.doesNotMatch(hover(configWith('"prune": { "un|its": [3, 128] }')), /Here:/);
  });

  it('says the same at key and value', () => {
    assert.equal(hover(configWith('"se|ed": 0')), hover(configWith('"seed": |0')));
  });

  it('chooses the field by the kind of the trigger', () => {
    assert.match(
      hover(configWith('"trigger": { "kind": "patch", "target": 0, "im|age": "a.png" }')),
      /pixels are the patch/,
    );
    assert.match(
      hover(configWith('"trigger": { "kind": "blended", "target": 0, "im|age": "a.png" }')),
      /model's input size/,
    );
  });

  it('gives figures of the last run where they belong', () => {
    const text = hover(configWith('"gates": { "maxAttackSuccess|Rate": 0.05 }'), goodFacts(), sampleReport());
    assert.match(text, /Last run: ASR 99\.98 % → 93\.3 %/);
  });

  it('knows every field of the schema', () => {
    const fields = [
      ['model'],
      ['data'],
      ['data', 'train'],
      ['data', 'train', 'images'],
      ['data', 'holdout'],
      ['data', 'mean'],
      ['trigger'],
      ['strategy'],
      ['layer'],
      ['prune', 'ratio'],
      ['prune', 'units'],
      ['prune', 'units', 0],
      ['prune', 'rule'],
      ['fineTune', 'epochs'],
      ['gates', 'maxAccuracyDrop'],
      ['gates', 'acceptEstimated'],
      ['seed'],
      ['backend'],
      ['threads'],
    ];
    for (const path of fields) assert.ok(fieldAt(path, () => undefined)?.description, path.join('.'));
    assert.equal(
      fieldAt(['nothing'], () => undefined),
      undefined,
    );
  });

  it('has nothing to say about white space and unknown fields', () => {
    assert.equal(hover('{ | "model": "m" }'), '');
    assert.equal(hover('{ "mo|dle": 1 }'), '');
  });
});

describe('config hints', () => {
  const hints = (text: string, facts = goodFacts()) => {
    const config = configOf(text);
    return configHints(config, facts).map((hint) => [
      config.document.getText({ start: { line: hint.position.line, character: 0 }, end: hint.position }).trim(),
      hint.label,
    ]);
  };

  it('says what follows from model, data and ratio', () => {
    const text = configWith('"prune": {\n"ratio": 0.2 }, "trigger": {\n"kind": "patch", "target": 0 }').replace(
      '"test":',
      '"holdout": 5000,\n"fineTuneImages": 20000,\n"test":',
    );
    assert.deepEqual(hints(text), [
      ['"model": "model.json"', '6 layers · 225,034 parameters · 28×28×1'],
      ['"ratio": 0.2', '25 of 128 neurons'],
      ['"train": { "images": "train-images"', '60,000 images · 28×28'],
      ['"test": { "images": "t10k-images"', '10,000 images · 28×28'],
      ['"holdout": 5000', '55,000 of 60,000 remain for fine-tuning'],
      ['"fineTuneImages": 20000', 'of 55,000 available'],
      ['"kind": "patch", "target": 0', 'of classes 0 to 9'],
    ]);
  });

  it('says where an unknown trigger comes from, and what a strategy does', () => {
    const of = (more: string) =>
      hints(configWith(more)).filter(([line]) => /trigger|strategy|ratio/.test(String(line)));
    assert.deepEqual(of('"trigger": "inverted"'), [['"trigger": "inverted"', 'estimated from the model']]);
    assert.deepEqual(of('"trigger": { "kind": "inverted" }'), [
      ['"trigger": { "kind": "inverted"', 'estimated from the model'],
    ]);
    assert.deepEqual(
      of('"trigger": { "kind": "inverted", "target": 3 }').map(([, label]) => label),
      ['of classes 0 to 9'],
    );
    assert.deepEqual(of('"strategy": "auto"'), [
      ['"strategy": "auto"', 'one after the other, until the gates are met'],
    ]);
    assert.deepEqual(of('"strategy": "guided"'), []);
    assert.deepEqual(
      of('"prune": { "rule": "triggered-difference", "ratio": "auto" }').map(([, label]) => label),
      ['as few of 128 neurons as needed'],
    );
  });

  it('counts channels of the named layer', () => {
    const found = hints(configWith('"layer":\n"conv2d_1", "prune": {\n"ratio": 0.5 }'));
    assert.deepEqual(found.slice(1, 3), [
      ['"conv2d_1"', 'Conv2D · 64 channels'],
      ['"ratio": 0.5', '32 of 64 channels'],
    ]);
  });

  it('counts the units that are named, unless one of them is none of the layer', () => {
    const found = (list: string) =>
      hints(configWith(`"prune": {\n"units": [${list}] }`)).filter(([, label]) => /neuron/.test(String(label)));
    assert.deepEqual(found('3, 7, 11'), [['"units": [3, 7, 11]', '3 of 128 neurons']]);
    assert.deepEqual(found('3, 7,\n11'), [['11]', '3 of 128 neurons']]);
    assert.deepEqual(found('128'), []);
    assert.deepEqual(found(''), []);
  });

  it('says nothing while nothing is known', () => {
    assert.deepEqual(hints(configWith('"prune": { "ratio": 0.2 }'), NO_FACTS), []);
  });
});

describe('config lenses', () => {
  const config = configOf(configWith());
  const lenses = (last?: LastRun, active?: ActiveRun, facts: ConfigFacts = goodFacts()) =>
    configLenses(config, facts, { last, active }).map(({ command }) => [command?.title, command?.command]);

  it('runs the config, looks into its model and scans it', () => {
    const found = configLenses(config, goodFacts(), {});
    assert.deepEqual(
      found.map(({ command }) => [command?.title, command?.command, command?.arguments]),
      [
        ['▶ Fine-Prune', 'finePrune.run', [URI]],
        ['Inspect Activations', 'finePrune.inspect', [URI]],
        ['Scan for Backdoors', 'finePrune.scan', [URI]],
      ],
    );
  });

  it('does not offer to look into or scan a model that is missing or cannot be defended', () => {
    const problem = { kind: 'input', code: 'x', message: 'Lambda layers are not supported.' } as const;
    for (const model of [{ state: 'missing' }, { state: 'ok', summary: { ...SIMPLE_CNN, problem } }] as const) {
      assert.deepEqual(lenses(undefined, undefined, { ...goodFacts(), model }), [['▶ Fine-Prune', 'finePrune.run']]);
    }
    assert.equal(lenses(undefined, undefined, NO_FACTS).length, 3, 'while the model is being read');
  });

  it('shows the last result, and says when it is stale', () => {
    const report = sampleReport();
    assert.deepEqual(lenses({ report, reportUri: 'file:///w/demo.defense.json', changed: [] })[3], [
      'Not mitigated · clean accuracy 99 % · ASR 93.3 %',
      'finePrune.openReport',
    ]);
    assert.match(
      String(lenses({ report, reportUri: '', changed: ['the model'] })[3]?.[0]),
      /\(stale: the model changed\)$/,
    );
  });

  it('shows a run that is going on instead of offering another', () => {
    assert.deepEqual(lenses(undefined, { state: 'running', title: 'Fine-tuning · step 412 of 938', overall: 0.567 }), [
      ['$(sync~spin) Fine-tuning · step 412 of 938 (56 %)', ''],
      ['Inspect Activations', 'finePrune.inspect'],
      ['Scan for Backdoors', 'finePrune.scan'],
    ]);
  });
});
