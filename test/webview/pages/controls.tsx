import { render, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import { LiveRegion, useLive } from '../../../webview/ui/live';
import { FilterImage, PixelImage } from '../../../webview/ui/pictures';
import { Slider } from '../../../webview/ui/slider';
import { useWidth } from '../../../webview/ui/use-width';
import '../../../webview/ui/theme.css';

/** Every element of the component library that pages may use, and the small parts of our own. */

const events: string[] = [];
const grey = Uint8Array.from([0, 128, 255, 64]);
const colour = Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]);

function Page(): JSX.Element {
  const [layer, setLayer] = useState('dense_2');
  const [checked, setChecked] = useState(false);
  const [state, setState] = useState('before');
  const [count, setCount] = useState(25);
  const { spoken, say } = useLive();
  const [place, width] = useWidth();
  return (
    <>
      <h1>Controls</h1>
      <LiveRegion spoken={spoken} />
      <vscode-button onClick={() => say('Read out')}>Say</vscode-button>
      <vscode-button appearance="secondary" onClick={() => say('At once', true)}>
        Alert
      </vscode-button>
      <vscode-button appearance="icon" aria-label="Next" onClick={() => events.push('next')}>
        <span class="codicon codicon-chevron-right" aria-hidden="true" />
      </vscode-button>
      <vscode-button disabled onClick={() => events.push('never')}>
        Off
      </vscode-button>
      <vscode-dropdown
        aria-label="Layer"
        value={layer}
        onChange={(event) => {
          events.push(`layer ${event.currentTarget.value}`);
          setLayer(event.currentTarget.value);
        }}
      >
        {['dense_1', 'dense_2', 'conv2d_1'].map((name) => (
          <vscode-option key={name} value={name} selected={name === layer}>
            {name}
          </vscode-option>
        ))}
      </vscode-dropdown>
      <vscode-checkbox
        checked={checked}
        onChange={(event) => {
          events.push(`check ${event.currentTarget.checked}`);
          setChecked(event.currentTarget.checked);
        }}
      >
        Dead ones too
      </vscode-checkbox>
      <vscode-radio-group
        aria-label="State"
        value={state}
        onChange={(event) => {
          events.push(`state ${event.currentTarget.value}`);
          setState(event.currentTarget.value);
        }}
      >
        <vscode-radio value="before">Before</vscode-radio>
        <vscode-radio value="after">After</vscode-radio>
      </vscode-radio-group>
      <vscode-text-field
        aria-label="Least difference"
        value="0.5"
        onInput={(event) => events.push(`text ${event.currentTarget.value}`)}
      />
      <vscode-progress-ring aria-label="Working" />
      <span class="fp-badge">12</span>
      <vscode-divider />
      <vscode-link href="#top">Show the log</vscode-link>
      <p data-testid="chosen">{[layer, checked, state].join(' ')}</p>
      <Slider
        label="Number of pruned neurons"
        min={0}
        max={128}
        value={count}
        valueText={`${count} of 128 neurons`}
        marks={[{ value: 64, label: 'half' }]}
        onInput={setCount}
      />
      <PixelImage pixels={grey} shape={[2, 2, 1]} size={40} label="Image 3, clean" />
      <PixelImage pixels={colour} shape={[2, 2, 3]} size={40} label="Image 4, in colour" />
      <PixelImage pixels={colour} shape={[3, 3, 1]} size={40} label="Image 5, of another shape" />
      <FilterImage values={Float32Array.from([0.5, -1, 0, 0.25])} height={2} width={2} channels={1} />
      <div ref={place} data-testid="width">
        {width}
      </div>
    </>
  );
}

const place = document.getElementById('app');
place?.replaceChildren();
if (place) render(<Page />, place);
Object.assign(globalThis, { controls: { events } });
