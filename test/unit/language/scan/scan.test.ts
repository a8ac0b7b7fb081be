import assert from 'node:assert/strict';
import { PNG } from 'pngjs';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { CodeAction, MarkupContent } from 'vscode-languageserver-types';
import { configProblems } from '../../../../server/engine/config/read-config';
import { configHints } from '../../../../server/language/config/hints';
import { configHover } from '../../../../server/language/config/hover';
import { configLenses } from '../../../../server/language/config/lenses';
import { parseConfig } from '../../../../server/language/text/config-text';
import { maskPicture, triggerPicture } from '../../../../server/language/text/mask-picture';
import { modelHover } from '../../../../server/language/model/hover';
import { modelLenses } from '../../../../server/language/model/lenses';
import { scanActions } from '../../../../server/language/scan/actions';
import {
  brokenScan,
  scanConfigDiagnostics,
  scanModelDiagnostics,
  scanTextDiagnostics,
} from '../../../../server/language/scan/diagnostics';
import { scanHover } from '../../../../server/language/scan/hover';
import { scanTextLenses } from '../../../../server/language/scan/lenses';
import { ScanProgress } from '../../../../server/language/scan/progress';
import type { LastScan } from '../../../../server/language/scan/state';
import { scanTitle } from '../../../../server/language/scan/text';
import type { ScanResult } from '../../../../server/protocol/report/scan';
import { quietScan, scanOf, suspiciousScan } from '../../../fixtures/scan-result';
import { scanReport, scanText } from '../../../fixtures/scan-report';
import { configOf, configWith, goodFacts, marked, SIMPLE_CNN, URI } from '../support';

const SCAN_URI = 'file:///w/demo.scan.json';
const MODEL_URI = 'file:///w/model.json';
const model = TextDocument.create(
  MODEL_URI,
  'json',
  1,
  JSON.stringify({
    modelTopology: { config: { layers: SIMPLE_CNN.layers.map(({ name }) => ({ config: { name } })) } },
  }),
);

function last(scan: ScanResult = suspiciousScan(), changed: string[] = []): LastScan {
  const report = scanReport(scan);
  return {
    report,
    uri: SCAN_URI,
    changed,
    text: parseConfig(TextDocument.create(SCAN_URI, 'json', 1, scanText(report))),
  };
}

/** Two classes with small masks. */
const twoClasses = (): ScanResult => scanOf([6.4, 81.2, 5.3, 66.8, 71.9, 58.4, 74.6, 68.7, 112.5, 91.3]);

const markdown = (hover: { contents: unknown } | null): string =>
  (hover?.contents as MarkupContent | undefined)?.value ?? '';

describe('a scan, on model and config', () => {
  it('warns at the layer whose units are the classes, and leads to the class in the result', () => {
    const found = last();
    const [warning, ...rest] = scanModelDiagnostics(model, SIMPLE_CNN.classifier, found);
    assert.deepEqual(rest, []);
    assert.deepEqual(
      [warning!.code, warning!.severity, model.getText(warning!.range)],
      ['scan.suspicious', 2, '"dense_1"'],
    );
    assert.equal(warning!.message, found.report.scan.sentence);
    const [related, ...others] = warning!.relatedInformation!;
    assert.deepEqual(others, []);
    assert.equal(related!.location.uri, SCAN_URI);
    assert.match(
      related!.message,
      /^Class 0: a mask of 4\.0 pixels takes 99\.1 % of 1,352 other images to it; anomaly index [\d.]+, 0\.09 of the median\.$/,
    );
    const { start } = related!.location.range;
    const { document } = found.text;
    const before = document.getText().slice(0, document.offsetAt(start));
    assert.equal(before.match(/"anomalyIndex"/g), null, 'the place is not that of the first class');
  });

  it('warns at the target, kind or trigger of the config, or at its top', () => {
    for (const more of [
      '"trigger": { "kind": "patch", "target": «0» }',
      '"trigger": «"inverted"»',
      '"trigger": { "kind": «"inverted"» }',
      '"trigger": «null»',
    ]) {
      const { text, range } = marked(configWith(more));
      assert.deepEqual(
        scanConfigDiagnostics(configOf(text), last()).map((d) => [d.code, d.severity, d.range]),
        [['scan.suspicious', 2, range]],
      );
    }
    const [top] = scanConfigDiagnostics(configOf(configWith()), last());
    assert.deepEqual(top!.range, { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } });
  });

  it('says whether the trigger that is known explains what was found', () => {
    const message = (target: number, scan = suspiciousScan()) =>
      scanConfigDiagnostics(configOf(configWith(`"trigger": { "kind": "patch", "target": ${target} }`)), last(scan))[0]!
        .message;
    assert.match(String(message(0)), / It is the target class of the trigger in this config\.$/);
    assert.match(String(message(3)), / has the target class 3, which does not explain class 0\.$/);
    assert.match(String(message(0, twoClasses())), / has the target class 0, which does not explain class 2\.$/);
  });

  it('has no diagnostic for nothing found, or for another model than it scanned; other clean images change nothing', () => {
    const config = configOf(configWith());
    for (const scan of [
      last(quietScan()),
      last(suspiciousScan(), ['the model']),
      last(suspiciousScan(), ['the config (data.mean)', 'the data']),
    ]) {
      assert.deepEqual(
        [...scanModelDiagnostics(model, SIMPLE_CNN.classifier, scan), ...scanConfigDiagnostics(config, scan)],
        [],
      );
    }
    assert.equal(scanModelDiagnostics(model, SIMPLE_CNN.classifier, last(suspiciousScan(), ['the data'])).length, 1);
  });

  it('never says that a model is clean', () => {
    const scan = last(quietScan());
    const words = [
      scanTitle(scan.report.scan),
      markdown(modelHover(model, SIMPLE_CNN, at('dense_1'), undefined, scan)),
      scan.report.scan.sentence,
    ].join(' ');
    assert.match(words, /Nothing found/);
    assert.match(words, /Tried: trigger inversion for all 10 classes/);
    assert.doesNotMatch(words.replaceAll('clean images', ''), /\bclean\b/i);
  });

  it('offers a scan, then leads to its result; a stale one is offered again, with the reason', () => {
    const titles = (scan?: LastScan) =>
      configLenses(configOf(configWith()), goodFacts(), { scan }).map(({ command }) => [
        command!.title,
        command!.command,
        command!.arguments?.[0] as unknown,
      ])[2];
    assert.deepEqual(titles(), ['Scan for Backdoors', 'finePrune.scan', URI]);
    assert.deepEqual(titles(last()), ['Suspicious: class 0', 'finePrune.openScan', SCAN_URI]);
    assert.deepEqual(titles(last(twoClasses())), ['Suspicious: classes 2, 0', 'finePrune.openScan', SCAN_URI]);
    assert.deepEqual(titles(last(quietScan())), ['Nothing found', 'finePrune.openScan', SCAN_URI]);
    assert.deepEqual(titles(last(suspiciousScan(), ['the model'])), ['Scan for Backdoors', 'finePrune.scan', URI]);
    const stale = modelLenses(model, SIMPLE_CNN, {
      plan: { layer: null, ratio: 0.2 },
      scan: last(suspiciousScan(), ['the model']),
    }).at(-1);
    assert.deepEqual(
      [stale!.command!.arguments, stale!.command!.tooltip],
      [[MODEL_URI], 'Stale: the model changed since this scan. Scan again to renew it.'],
    );
    const [, scanned] = modelLenses(model, SIMPLE_CNN, {
      plan: { layer: null, ratio: 0.2, configUri: 'file:///w/c' },
      scanning: {
        state: 'running',
        title: 'Searching a trigger for every class · smallest mask so far: class 0',
        overall: 0.61,
      },
    });
    assert.deepEqual(
      [scanned!.command!.title, scanned!.command!.command],
      ['$(sync~spin) Searching a trigger for every class (61 %)', ''],
    );
  });

  const at = (name: string) => model.positionAt(model.getText().indexOf(`"name":"${name}"`) + 9);

  it('shows mask and trigger of the suspicious class as pictures in hovers of model and config, and of no other', () => {
    const ofModel = markdown(modelHover(model, SIMPLE_CNN, at('dense_1'), undefined, last()));
    assert.match(
      ofModel,
      /\*\*Suspicious: class 0\*\* · estimated trigger\n\n!\[mask of class 0\]\(data:image\/png;base64,[\w+/=]+\) !\[estimated trigger of class 0 on grey\]\(data:image/,
    );
    assert.match(ofModel, /Class 0: a mask of 4\.0 pixels takes 99\.1 % of/);
    assert.doesNotMatch(markdown(modelHover(model, SIMPLE_CNN, at('dense'), undefined, last())), /data:image/);
    assert.doesNotMatch(
      markdown(modelHover(model, SIMPLE_CNN, at('dense_1'), undefined, last(suspiciousScan(), ['the model']))),
      /data:image|Suspicious/,
    );
    const config = configOf(
      configWith('"trigger": { "kind": "patch", "target": 0, "value": 1 },\n  "strategy": "guided"'),
    );
    const text = (word: string, scan = last()) =>
      markdown(
        configHover(config, goodFacts(), config.document.positionAt(config.document.getText().indexOf(word) + 2), {
          scan,
        }),
      );
    for (const word of ['"trigger"', '"kind"', '"target"', '"strategy"', '"guided"'])
      assert.match(text(word), /Suspicious: class 0.*data:image\/png/s, word);
    for (const word of ['"value"', '"model"']) assert.doesNotMatch(text(word), /data:image/, word);
    assert.doesNotMatch(text('"trigger"', last(quietScan())), /data:image|Nothing found/);
  });

  it('says in a hint what would be estimated', () => {
    const hint = (scan?: LastScan) =>
      configHints(configOf(configWith('"trigger": "inverted"')), goodFacts(), scan).find(
        ({ position }) => position.line === 6,
      )!.label;
    assert.equal(hint(last()), 'estimated · Suspicious: class 0');
    assert.equal(hint(last(quietScan())), 'the last scan found none to estimate');
    assert.equal(hint(last(suspiciousScan(), ['the model'])), 'estimated from the model');
    const many = { ...suspiciousScan(), flagged: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] };
    assert.ok(String(hint(last(many))).length <= 43);
  });
});

describe('quick fixes for a suspicious class', () => {
  const NEW = `{
  "model": "model.json",
  "data": { "train": { "images": "a", "labels": "b" }, "test": { "images": "c", "labels": "d" } },
  // No trigger is known: the attack success rate can't be measured. "inverted" has one estimated from the model. If you
  // know it, for example: { "kind": "patch", "target": 0 } is a white 3×3 square, one pixel from right and bottom.
  "trigger": null,

  // Share of the layer's units to prune; "auto" chooses it on held-out data.
  "prune": { "ratio": 0.2 }, // of the default
  "layer": "dense", // mine
  "seed": 3
}
`;
  function fixes(text: string | undefined): { actions: CodeAction[]; after: Map<string, string> } {
    const config = text === undefined ? undefined : TextDocument.create(URI, 'fineprune', 1, text);
    const diagnostics = scanModelDiagnostics(model, SIMPLE_CNN.classifier, last());
    const actions = scanActions(diagnostics, { config, subject: MODEL_URI, inspect: { layer: 'dense' } });
    for (const action of actions) assert.deepEqual(action.diagnostics, diagnostics);
    const after = new Map(
      actions.flatMap(({ title, edit }) => {
        const edits = edit?.changes?.[URI];
        if (!edits || !config) return [];
        assert.equal(edits.length, 1, 'more than one edit');
        return [[title, TextDocument.applyEdits(config, edits)]];
      }),
    );
    return { actions, after };
  }

  it('are one edit of the config each, and lead to its neurons', () => {
    const { actions, after } = fixes(NEW);
    assert.deepEqual(
      actions.map(({ title }) => title),
      [
        'Use the estimated trigger',
        'Repair with the guided strategy',
        'Try all repairs, one after the other',
        'Inspect neurons',
      ],
    );
    assert.deepEqual(actions.at(-1)!.command?.arguments, [URI, { layer: 'dense' }]);
    for (const [title, text] of after) assert.deepEqual(configProblems(text), [], `${title}\n${text}`);
  });

  it('write a config that its reader takes, and leave comments and the rest as they are', () => {
    const { after } = fixes(NEW);
    assert.equal(
      after.get('Use the estimated trigger'),
      NEW.replace('"trigger": null', '"trigger": "inverted"').replace(
        'No trigger is known: the attack success rate can\'t be measured. "inverted" has one estimated from the model.',
        'Not known: estimated from the model by trigger inversion.',
      ),
    );
    const guided = NEW.replace(
      '// Share of the layer\'s units to prune; "auto" chooses it on held-out data.',
      '// How the model is repaired; this strategy chooses by itself what it prunes.',
    ).replace('"prune": { "ratio": 0.2 }', '"strategy": "guided"');
    assert.equal(after.get('Repair with the guided strategy'), guided);
    const all = after.get('Try all repairs, one after the other')!;
    assert.match(all, /"strategy": "auto", \/\/ of the default/);
    assert.doesNotMatch(all, /"layer"|"prune"/);
    assert.match(all, /"seed": 3/);
  });

  it('exchange a strategy and a trigger that are there', () => {
    const { after } = fixes(
      configWith(
        '"trigger": {\n    "kind": "patch", // theirs\n    "target": 0\n  },\n  "strategy": "fine-pruning",\n  "prune": { "ratio": 0.3 },\n  "seed": 1',
      ),
    );
    assert.match(after.get('Use the estimated trigger')!, /"trigger": "inverted",\n {2}"strategy"/);
    const guided = after.get('Repair with the guided strategy')!;
    assert.match(guided, /"strategy": "guided"/);
    assert.deepEqual(configProblems(guided), []);
  });

  it('do not offer what the config says already, and nothing for a broken one', () => {
    const titles = (text: string) => fixes(text).actions.map(({ title }) => title);
    assert.deepEqual(titles(configWith('"trigger": "inverted",\n  "strategy": "auto"')), [
      'Repair with the guided strategy',
      'Inspect neurons',
    ]);
    assert.deepEqual(titles('{ "model": '), ['Inspect neurons']);
  });

  it('make a config where there is none', () => {
    const { actions } = fixes(undefined);
    assert.deepEqual(
      actions.map(({ title, command }) => [title, command?.command, command?.arguments?.[0] as unknown]),
      [
        ['Repair …', 'finePrune.repair', MODEL_URI],
        ['Inspect neurons', 'finePrune.inspect', MODEL_URI],
      ],
    );
  });

  it('are for scans of ours only', () => {
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };
    assert.deepEqual(
      scanActions(
        [
          { source: 'json', code: 'scan.suspicious', message: 'x', range },
          { source: 'Fine-Prune', code: 'result.verdict', message: 'x', range },
        ],
        { config: undefined, subject: MODEL_URI, inspect: {} },
      ),
      [],
    );
  });
});

describe('the text of a scan, in an editor', () => {
  const { text, report } = last();

  it('warns at its word while the scan holds, and says where it no longer does', () => {
    const places = (changed: string[]) =>
      scanTextDiagnostics(text, report, changed).map((d) => [
        d.code,
        d.severity,
        text.document.getText(d.range).replace(/:.*/s, ''),
      ]);
    assert.deepEqual(places([]), [['scan.suspicious', 2, '"word"']]);
    assert.deepEqual(places(['the model']), [['scan.stale', 2, '"weights"']]);
    assert.deepEqual(places(['the data']), [
      ['scan.stale', 2, '"files"'],
      ['scan.suspicious', 2, '"word"'],
    ]);
    assert.deepEqual(places(['the config (data.scale)']), [['scan.stale', 2, '"scale"']]);
    assert.match(
      String(scanTextDiagnostics(text, report, ['the model'])[0]!.message),
      /^Stale: the model changed since this scan\./,
    );
    const quiet = last(quietScan());
    assert.deepEqual(scanTextDiagnostics(quiet.text, quiet.report, []), []);
  });

  it('shows the picture of the class that is hovered, with what its figures mean', () => {
    const source = text.document.getText();
    const hover = (offset: number) => markdown(scanHover(text, report, text.document.positionAt(offset)));
    const third = source.indexOf('"target": 3') - 1;
    for (const offset of [source.lastIndexOf('"mask"', third) + 2, source.lastIndexOf('"mask"', third) + 40]) {
      assert.match(hover(offset), /^\*\*Class 3\*\* · estimated trigger\n\n!\[mask of class 3\]\(data:image\/png/);
    }
    assert.match(
      hover(source.indexOf('"anomalyIndex"') + 2),
      /\*\*Class 0\*\* · estimated trigger · \*\*suspicious\*\*.*\*\*Anomaly index\.\*\*/s,
    );
    assert.match(hover(source.indexOf('"word"') + 2), /Suspicious: class 0/);
    assert.match(hover(source.indexOf('"weights"') + 2), /another model/);
    assert.equal(hover(source.indexOf('"provenance"') + 2), '');
  });

  it('leads to a repair and to another scan', () => {
    assert.deepEqual(
      scanTextLenses(text, report, URI).map(({ command }) => [command!.title, command!.command, command!.arguments]),
      [
        ['Repair …', 'finePrune.repair', [URI]],
        ['Scan Again', 'finePrune.scan', [URI]],
      ],
    );
    const quiet = last(quietScan());
    assert.deepEqual(
      scanTextLenses(quiet.text, quiet.report, URI).map(({ command }) => command!.title),
      ['Scan Again'],
    );
  });

  it('says where it is broken', () => {
    const place = (where: string) =>
      brokenScan(text, { kind: 'input', code: 'scan.figure', message: 'No.', place: where }).range.start;
    const source = text.document.getText();
    assert.deepEqual(place('/scan/medianNorm, line 3:4'), text.document.positionAt(source.indexOf('"medianNorm"')));
    assert.deepEqual(place('line 4:1'), { line: 3, character: 0 });
    assert.deepEqual(place(''), { line: 0, character: 0 });
  });

  it('shows no more of a sentence than a scan can have written', () => {
    const long = { ...suspiciousScan(), sentence: 'x'.repeat(100_000) };
    assert.ok(String(scanModelDiagnostics(model, SIMPLE_CNN.classifier, last(long))[0]!.message).length < 1000);
  });
});

describe('pictures of an estimated trigger', () => {
  const decode = (uri: string): PNG => PNG.sync.read(Buffer.from(uri.replace('data:image/png;base64,', ''), 'base64'));
  const pixel = (png: PNG, x: number, y: number): number[] => [
    ...png.data.subarray(4 * (y * png.width + x), 4 * (y * png.width + x) + 3),
  ];
  const base64 = (...bytes: number[]): string => Buffer.from(bytes).toString('base64');

  it('enlarge each pixel to a square', () => {
    const png = decode(maskPicture({ mask: base64(0, 255, 128, 64), pattern: base64(0, 0, 0, 0) }, [2, 2, 1]));
    assert.deepEqual([png.width, png.height], [112, 112]);
    assert.deepEqual(
      [pixel(png, 1, 1), pixel(png, 55, 55), pixel(png, 56, 1), pixel(png, 55, 56), pixel(png, 110, 110)],
      [
        [0, 0, 0],
        [0, 0, 0],
        [255, 255, 255],
        [128, 128, 128],
        [64, 64, 64],
      ],
    );
    for (const [x, y] of [
      [0, 0],
      [111, 60],
      [60, 0],
      [0, 111],
    ] as const)
      assert.deepEqual(pixel(png, x, y), [128, 128, 128], 'the frame');
  });

  it('show the trigger on grey, in colour where the images have it', () => {
    const grey = decode(triggerPicture({ mask: base64(0, 255, 255, 0), pattern: base64(9, 255, 0, 9) }, [2, 2, 1]));
    assert.deepEqual(
      [pixel(grey, 1, 1), pixel(grey, 60, 1), pixel(grey, 1, 60)],
      [
        [128, 128, 128],
        [255, 255, 255],
        [0, 0, 0],
      ],
    );
    const colour = decode(triggerPicture({ mask: base64(255), pattern: base64(10, 20, 30) }, [1, 1, 3]));
    assert.deepEqual(pixel(colour, 50, 50), [10, 20, 30]);
  });

  it('stay small whatever the size of the images', () => {
    for (const [height, width] of [
      [1, 1],
      [28, 28],
      [224, 160],
      [1000, 1500],
    ] as const) {
      const bytes = Buffer.alloc(height * width, 200).toString('base64');
      const png = decode(maskPicture({ mask: bytes, pattern: bytes }, [height, width, 1]));
      assert.ok(
        Math.max(png.width, png.height) <= 112 && Math.min(png.width, png.height) >= 1,
        `${png.width}×${png.height}`,
      );
      assert.deepEqual(pixel(png, png.width >> 1, png.height >> 1), [200, 200, 200]);
    }
  });
});

describe('progress of a scan', () => {
  const event = { type: 'progress', phase: 'scan', step: 600, total: 1000, overall: 0.6, metrics: {} } as const;

  it('names the class that stands out as soon as classes are known', () => {
    const words = new ScanProgress();
    assert.equal(words.text(event), 'Searching a trigger for every class');
    words.learn({ type: 'class', target: 3, norm: 61.2, share: 0.83 });
    words.learn({ type: 'class', target: 0, norm: 5.78, share: 0.07 });
    assert.equal(
      words.text(event),
      'Searching a trigger for every class · smallest mask so far: class 0, 5.8 pixels (0.07 of the median)',
    );
    assert.equal(words.text({ ...event, phase: 'data', total: 1 }), 'Reading the data');
  });
});
