import * as vscode from 'vscode';
import { sourceFiles } from '../../server/protocol/data-source';
import type { ConfigTextParams, PrepareResult } from '../../server/protocol/messages/lsp';
import { browseForData } from './browse';

/** What a new config says that the workspace could not tell. */
export type Answers = Pick<ConfigTextParams, 'train' | 'test' | 'trigger'>;
type DataSet = Pick<ConfigTextParams, 'train' | 'test'>;
type TriggerItem = vscode.QuickPickItem & { kindOfTrigger: 'patch' | 'blended' | 'sinusoidal' | 'inverted' | null };

/**
 * Asks what the workspace can't answer: the data, unless exactly one set fits the model, and whether a trigger is known.
 * Nothing is written here. Undefined: the person has cancelled.
 */
export async function ask(
  modelUri: vscode.Uri,
  { model, dataSets }: PrepareResult,
  name: string,
): Promise<Answers | undefined> {
  const data = await dataFor(modelUri, dataSets, name);
  if (!data) return undefined;
  const trigger = await askForTrigger(name, model?.classes ?? 2);
  return trigger && { train: data.train, test: data.test, trigger: trigger.known };
}

/** The only data set that fits, else the one that the person chooses. Undefined: cancelled. */
export async function dataFor(
  modelUri: vscode.Uri,
  found: PrepareResult['dataSets'],
  name: string,
): Promise<DataSet | undefined> {
  return found.length === 1 ? found[0] : await askForData(modelUri, found, name);
}

async function askForData(
  modelUri: vscode.Uri,
  found: PrepareResult['dataSets'],
  name: string,
): Promise<DataSet | undefined> {
  const items = [
    ...found.map((set) => ({
      label: set.label,
      description: sourceFiles(set.train)[0]!.path,
      set,
      iconPath: new vscode.ThemeIcon('database'),
    })),
    {
      label: 'Browse …',
      description: 'choose the folder that holds images and labels',
      set: undefined,
      iconPath: new vscode.ThemeIcon('folder-opened'),
    },
  ];
  const placeHolder =
    found.length > 0 ? 'Clean data the model was trained on' : 'No data that fits the model found in the workspace';
  const chosen = await vscode.window.showQuickPick(items, {
    title: `${name}: which clean data?`,
    placeHolder,
    ignoreFocusOut: true,
  });
  return chosen && (chosen.set ?? (await browseForData(modelUri, name)));
}

/** `known: null` is the answer "no trigger is known"; undefined is no answer. */
async function askForTrigger(name: string, classes: number): Promise<{ known: Answers['trigger'] } | undefined> {
  const items: TriggerItem[] = [
    {
      label: 'No, none is known',
      detail: 'Then only clean accuracy can be measured, and the verdict will be “not measurable”.',
      kindOfTrigger: null,
      iconPath: new vscode.ThemeIcon('question'),
    },
    {
      label: 'Unknown: estimate it',
      description: 'trigger inversion',
      detail: 'Searches the model for the smallest trigger that works; all figures for it are labelled “estimated”.',
      kindOfTrigger: 'inverted',
      iconPath: new vscode.ThemeIcon('shield'),
    },
    {
      label: 'A patch',
      description: 'BadNets',
      detail: 'White, 3×3, near the lower right corner; you can change this in the config.',
      kindOfTrigger: 'patch',
      iconPath: new vscode.ThemeIcon('primitive-square'),
    },
    {
      label: 'A blended pattern',
      description: 'Blended',
      detail: 'Noise or a picture, blended faintly over the whole image.',
      kindOfTrigger: 'blended',
      iconPath: new vscode.ThemeIcon('color-mode'),
    },
    {
      label: 'Sinusoidal stripes',
      description: 'SIG',
      detail: 'Faint vertical stripes over the whole image.',
      kindOfTrigger: 'sinusoidal',
      iconPath: new vscode.ThemeIcon('pulse'),
    },
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title: `${name}: is the attacker’s trigger known?`,
    placeHolder: 'What the attacker stamps on an input',
    matchOnDetail: true,
    ignoreFocusOut: true,
  });
  if (!chosen) return undefined;
  if (chosen.kindOfTrigger === null || chosen.kindOfTrigger === 'inverted') return { known: chosen.kindOfTrigger };
  const target = await askForTarget(name, classes);
  return target === undefined ? undefined : { known: { kind: chosen.kindOfTrigger, target } };
}

async function askForTarget(name: string, classes: number): Promise<number | undefined> {
  const range = `0 to ${classes - 1}`;
  const answer = await vscode.window.showInputBox({
    title: `${name}: what is the target class?`,
    prompt: `The class that every triggered input should be classified as, ${range}`,
    value: '0',
    ignoreFocusOut: true,
    validateInput: (text) =>
      /^\d+$/.test(text.trim()) && Number(text) < classes ? undefined : `The model’s classes are ${range}.`,
  });
  return answer === undefined ? undefined : Number(answer);
}
