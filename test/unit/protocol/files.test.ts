import { strict as assert } from 'node:assert';
import manifest from '../../../package.json';
import {
  anyOf,
  beside,
  CONFIG_FILE,
  FILE_KINDS,
  lockName,
  workName,
  looksLikeModel,
  MODEL_FILE,
  MODEL_NAMES,
  MODEL_PATTERNS,
  modelBaseName,
  OFFERED_MODELS,
  REPORT_FILE,
  REVIEW_FILE,
  SCAN_FILE,
  WEIGHTS_PATTERNS,
} from '../../../server/protocol/files';

describe('names of files', () => {
  it('tells kinds by their endings, and a config as VS Code does in any case', () => {
    const of = (file: string) => FILE_KINDS.filter((kind) => kind.is(file));
    assert.deepEqual(of('/w/a.fineprune.json'), [CONFIG_FILE]);
    assert.deepEqual(of('/w/a.FinePrune.JSON'), [CONFIG_FILE]);
    assert.deepEqual(of('/w/a.defense.json'), [REPORT_FILE]);
    assert.deepEqual(of('/w/a.defense-review.json'), [REVIEW_FILE]);
    assert.deepEqual(of('/w/a.scan.json'), [SCAN_FILE]);
    for (const other of ['/w/a.fineprune.jsonc', '/w/a.DEFENSE.json', '/w/adefense.json', '/w/scan.json', '/w/a.json'])
      assert.deepEqual(of(other), [], other);
  });

  it('names what lies beside a file', () => {
    assert.equal(beside('/w/a.b.fineprune.json', CONFIG_FILE, REPORT_FILE), '/w/a.b.defense.json');
    assert.equal(beside('/w/a.FinePrune.json', CONFIG_FILE, SCAN_FILE), '/w/a.scan.json');
    assert.equal(beside('a.defense.json', REPORT_FILE, REVIEW_FILE), 'a.defense-review.json');
    assert.equal(beside('C:\\w\\a.defense.json', REPORT_FILE, CONFIG_FILE), 'C:\\w\\a.fineprune.json');
    // As the engine calls what it writes for a config without a name.
    assert.equal(beside('/w/.fineprune.json', CONFIG_FILE, REPORT_FILE), '/w/fineprune.defense.json');
    // A folder that looks like a config is none.
    assert.equal(beside('/w.fineprune.json/a.json', CONFIG_FILE, REPORT_FILE), '/w.fineprune.json/a.defense.json');
  });

  it('calls a model by its folder where its own name says nothing', () => {
    assert.equal(modelBaseName('model.json', 'my model'), 'my model');
    assert.equal(modelBaseName('model.json', '.hidden'), 'hidden');
    assert.equal(modelBaseName('model.json', ''), 'model');
    assert.equal(modelBaseName('net.json', 'folder'), 'net');
  });

  it('tells models from reports about them', () => {
    for (const name of ['model.json', 'Model.json', 'tf_model.json', 'model-2.json', 'model.v2.json'])
      assert.ok(looksLikeModel(name), name);
    for (const name of [...FILE_KINDS.map(({ ending }) => `model${ending}`), 'model.bin', 'mode.json'])
      assert.ok(!looksLikeModel(name), name);
    assert.deepEqual([MODEL_PATTERNS, WEIGHTS_PATTERNS, OFFERED_MODELS], [['*model*.json'], ['*.bin'], ['model.json']]);
  });
});

describe('package.json names files as the catalogue does', () => {
  const { contributes } = manifest;

  it('activates where there is a config or a model', () => {
    const prefix = 'workspaceContains:';
    assert.deepEqual(
      manifest.activationEvents.filter((event) => event.startsWith(prefix)),
      [CONFIG_FILE.glob, ...OFFERED_MODELS.map((name) => anyOf(name))].map((glob) => prefix + glob),
    );
  });

  it('gives the language, the schemas and the rendered view to their files', () => {
    assert.deepEqual(
      contributes.languages.map(({ id, extensions }) => [id, extensions]),
      [['fineprune', [CONFIG_FILE.ending]]],
    );
    assert.deepEqual(
      contributes.jsonValidation.map(({ fileMatch }) => fileMatch),
      [REPORT_FILE, REVIEW_FILE, SCAN_FILE].map(({ pattern }) => pattern),
    );
    assert.deepEqual(
      contributes.customEditors.flatMap(({ selector }) => selector),
      [{ filenamePattern: REPORT_FILE.pattern }],
    );
    assert.deepEqual(Object.keys(contributes.configurationDefaults['files.exclude']), [
      anyOf(lockName('*')),
      anyOf(workName('*')),
    ]);
  });

  it('shows menus at the kinds that the commands take', () => {
    const names = [
      MODEL_FILE,
      'tf_model.json',
      'a.json',
      'weights.bin',
      ...FILE_KINDS.map(({ ending }) => `model${ending}`),
    ];
    const shown = (when: string): string[] | null => {
      const tests = [...when.matchAll(/resourceFilename (==|=~) (?:\/((?:[^/\\]|\\.)+)\/(i?)|([\w.]+))/g)].map(
        ([, , pattern, flags, name]) =>
          pattern === undefined ? (one: string) => one === name : (one: string) => new RegExp(pattern, flags).test(one),
      );
      assert.equal(tests.length, when.split('resourceFilename').length - 1, when);
      return tests.length ? names.filter((name) => tests.some((test) => test(name))) : null;
    };
    const of = (...kinds: { ending: string }[]): string[] => kinds.map(({ ending }) => `model${ending}`);
    const expected: Record<string, string[][]> = {
      'finePrune.run': [[MODEL_FILE, ...of(CONFIG_FILE)], [MODEL_FILE]],
      'finePrune.scan': [[MODEL_FILE, ...of(CONFIG_FILE, SCAN_FILE)], [MODEL_FILE]],
      'finePrune.inspect': [[MODEL_FILE, ...of(CONFIG_FILE, REPORT_FILE)], [MODEL_FILE]],
      'finePrune.viewReport': [of(REPORT_FILE)],
      'finePrune.compareReports': [of(REPORT_FILE)],
      'finePrune.compareModels': [[MODEL_FILE, 'tf_model.json']],
    };
    const found: Record<string, string[][]> = {};
    for (const menu of ['explorer/context', 'editor/title', 'editor/title/context'] as const)
      for (const { command, when } of (contributes.menus as Record<string, { command: string; when: string }[]>)[
        menu
      ] ?? []) {
        const files = shown(when);
        const key = JSON.stringify(files);
        if (files && !found[command]?.some((one) => JSON.stringify(one) === key)) (found[command] ??= []).push(files);
      }
    assert.deepEqual(found, expected);
    const models = Object.values(contributes.menus as Record<string, { command: string; when: string }[]>)
      .flat()
      .filter(({ command, when }) => command === 'finePrune.compareModels' && when.includes('resourceFilename'));
    assert.ok(models.length > 0);
    for (const { when } of models) assert.ok(when.includes(`/${MODEL_NAMES.source}/${MODEL_NAMES.flags}`), when);
  });
});
