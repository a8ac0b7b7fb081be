import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { useController } from '../state/context';
import { PartFailed } from './message';
import { useView } from '../state/store';
import { firstThreshold, raisedAbove } from '../state/units';
import { whyNoChoice } from '../words/rules';
import { isEstimated, maskBasis, maskText } from '../words/words';
import { count, plural, unitWord } from '../../../server/protocol/words';

/** The own mask: what is selected, what pruning exactly that does, and what to do with it. */
export function MaskBar(): JSX.Element {
  const controller = useController();
  const layer = useView((view) => view.layer)!;
  const selected = useView((view) => view.choice.selected);
  const overview = useView((view) => view.overview)!;
  const noChoice =
    layer.state === 'after' ? 'These are units of the defended model: choose Before' : whyNoChoice(overview);
  return (
    <div class="mask" role="group" aria-label="Custom mask">
      <div class="mask-tools">
        <strong>
          Custom mask: {selected.length === 0 ? 'nothing selected' : plural(selected.length, unitWord(layer.layerKind))}
        </strong>
        {layer.triggeredMean ? <SelectAbove /> : null}
      </div>
      <div class="mask-row">
        <Answer />
        <span class="buttons">
          <vscode-button appearance="secondary" disabled={selected.length === 0} onClick={() => controller.clear()}>
            Clear
          </vscode-button>
          <vscode-button
            disabled={selected.length === 0 || noChoice !== null}
            title={noChoice ?? 'Writes prune.units to the config; Undo reverts this'}
            onClick={() => controller.pruneSelected()}
          >
            Prune These
          </vscode-button>
        </span>
      </div>
    </div>
  );
}

/** Selects all units that the trigger raises by more than a number. */
function SelectAbove(): JSX.Element {
  const controller = useController();
  const layer = useView((view) => view.layer)!;
  const [threshold, setThreshold] = useState('');
  useEffect(() => setThreshold(String(firstThreshold(layer))), [layer]);
  const value = Number(threshold.replace(',', '.'));
  const valid = threshold.trim() !== '' && Number.isFinite(value);
  const raised = useMemo(() => (valid ? raisedAbove(layer, value) : []), [layer, valid, value]);
  const select = (): void => {
    if (raised.length) controller.add(raised);
  };
  return (
    <span class="above">
      <label for="above">Difference above</label>
      <vscode-text-field
        id="above"
        size={4}
        value={threshold}
        aria-label="Select all with a difference above"
        onInput={(event: Event) => setThreshold((event.currentTarget as HTMLElement & { value: string }).value)}
        onKeyDown={(event: KeyboardEvent) => event.key === 'Enter' && select()}
      />
      <vscode-button appearance="secondary" disabled={raised.length === 0} onClick={select}>
        {valid ? `Select ${count(raised.length)}` : 'Select'}
      </vscode-button>
    </span>
  );
}

/** What pruning the selected units does. */
function Answer(): JSX.Element {
  const layer = useView((view) => view.layer)!;
  const empty = useView((view) => view.choice.selected.length === 0);
  const mask = useView((view) => view.mask);
  const busy = useView((view) => view.busy.mask);
  const refining = useView((view) => view.refining);
  const failed = useView((view) => view.failed.mask);
  const word = unitWord(layer.layerKind);
  const estimated = useView((view) => isEstimated(view.overview!));
  const basis = mask && maskBasis(mask, layer.images.available, refining);
  if (failed && !empty) return <PartFailed failure={failed} part="mask" />;
  return (
    <p class="mask-answer" data-testid="mask" aria-busy={busy !== null}>
      {empty ? <span class="quiet">Select {word}s to see what pruning exactly these would do.</span> : null}
      {!empty && !mask ? <span class="quiet">Computing …</span> : null}
      {!empty && mask ? (
        <>
          {maskText(mask, word, estimated)}
          {basis ? <span class="quiet"> {basis}</span> : null}
        </>
      ) : null}
    </p>
  );
}
