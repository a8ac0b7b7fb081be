import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { waitFor } from '../../harness/poll';
import { closeEditors, configText, demoFolder, diagnosticsWhen, extension, hintLabels, lensTitles, open } from './demo';

const textAt = (document: vscode.TextDocument, { range }: vscode.Diagnostic): string => document.getText(range);
const positionAfter = (document: vscode.TextDocument, text: string): vscode.Position =>
  document.positionAt(document.getText().indexOf(text) + text.length);

describe('defense configs in the editor', () => {
  before(extension);
  afterEach(closeEditors);

  it('are a language of their own, with comments and trailing commas and nothing to complain about', async () => {
    const { config } = await demoFolder(
      'clean',
      configText('"fineTune": { "epochs": 1, }, /* the last comma is meant */'),
    );
    const document = await open(config);
    assert.equal(document.languageId, 'fineprune');
    await waitFor('hints, which come with the checks', async () => (await hintLabels(document)).length > 0);
    assert.deepEqual(
      vscode.languages.getDiagnostics(config).map(({ message }) => message),
      [],
    );
  });

  it('get one diagnostic for one fault, at the value', async () => {
    const { config } = await demoFolder('wrong-target', configText().replace('"target": 0', '"target": 12'));
    const document = await open(config);
    const [diagnostic, ...others] = await diagnosticsWhen(config, 'one', (all) => all.length > 0);
    assert.ok(diagnostic);
    assert.deepEqual(others, []);
    assert.equal(textAt(document, diagnostic), '12');
    assert.equal(diagnostic.severity, vscode.DiagnosticSeverity.Error);
    assert.match(diagnostic.message, /0–9/);
  });

  it('offer the layers that the model has, as a fix and as completion', async () => {
    const { config, model } = await demoFolder('wrong-layer', configText('"layer": "nowhere"'));
    const document = await open(config);
    const [diagnostic] = await diagnosticsWhen(config, 'the layer', (all) => all.length > 0);
    assert.ok(diagnostic);
    const fixes = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      config,
      diagnostic.range,
    );
    const fix = fixes.find(({ isPreferred }) => isPreferred) ?? fixes[0];
    assert.ok(fix?.edit, `no fix among ${fixes.map(({ title }) => title).join(', ')}`);
    assert.ok(await vscode.workspace.applyEdit(fix.edit));
    const layer = /"layer": "(?<name>[^"]+)"/.exec(document.getText())?.groups?.name;
    assert.ok(
      layer && (await vscode.workspace.openTextDocument(model)).getText().includes(`"${layer}"`),
      `${layer} is no layer`,
    );
    await diagnosticsWhen(config, 'none after the fix', (all) => all.length === 0);

    const inValue = positionAfter(document, '"layer": "');
    const { items } = await vscode.commands.executeCommand<vscode.CompletionList>(
      'vscode.executeCompletionItemProvider',
      config,
      inValue,
    );
    const labels = items.map(({ label }) => (typeof label === 'string' ? label : label.label));
    assert.ok(
      labels.some((label) => label.includes(layer)),
      `${layer} is not among ${labels.join(', ')}`,
    );
    await vscode.commands.executeCommand('workbench.action.files.revert');
  });

  it('explain fields, and can be folded', async () => {
    const { config } = await demoFolder('hover', configText('"prune": { "ratio": 0.2 }'));
    const document = await open(config);
    await waitFor('hints', async () => (await hintLabels(document)).length > 0);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      config,
      positionAfter(document, '"rati'),
    );
    const text = hovers
      .flatMap(({ contents }) => contents)
      .map((content) => (typeof content === 'string' ? content : content.value))
      .join('\n');
    assert.match(text, /25 of 128|share of the layer/i);
    const folds = await vscode.commands.executeCommand<vscode.FoldingRange[]>(
      'vscode.executeFoldingRangeProvider',
      config,
    );
    assert.ok(folds.length >= 2, `${folds.length} folding ranges`);
  });

  it('have lenses and hints, which the settings switch off and on at once', async () => {
    const { config } = await demoFolder('switches', configText('"prune": { "ratio": 0.2 }'));
    const document = await open(config);
    const settings = vscode.workspace.getConfiguration('finePrune', config);
    await waitFor('the lens', async () => (await lensTitles(config)).some((title) => title.includes('Fine-Prune')));
    await waitFor('the hint', async () =>
      (await hintLabels(document)).some((label) => label.includes('25 of 128 neurons')),
    );
    try {
      await settings.update('codeLens.enabled', false, vscode.ConfigurationTarget.Workspace);
      await settings.update('inlayHints.enabled', false, vscode.ConfigurationTarget.Workspace);
      await waitFor('no lens', async () => (await lensTitles(config)).length === 0);
      await waitFor('no hint', async () => (await hintLabels(document)).length === 0);
    } finally {
      await settings.update('codeLens.enabled', undefined, vscode.ConfigurationTarget.Workspace);
      await settings.update('inlayHints.enabled', undefined, vscode.ConfigurationTarget.Workspace);
    }
    await waitFor('the lens again', async () => (await lensTitles(config)).length > 0);
  });

  it('leave other JSON alone, also when it is called model.json', async () => {
    const { folder } = await demoFolder('foreign');
    const foreign = vscode.Uri.joinPath(vscode.Uri.file(folder), 'other', 'model.json');
    await vscode.workspace.fs.writeFile(foreign, Buffer.from('{ "tables": [] }'));
    const { model } = await demoFolder('ours');
    await open(foreign);
    await open(model);
    await waitFor('the lens of the real model', async () => (await lensTitles(model)).length > 0);
    assert.deepEqual(await lensTitles(foreign), []);
    assert.deepEqual(vscode.languages.getDiagnostics(foreign), []);
  });
});
