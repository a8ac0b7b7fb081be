import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ReportComparison } from '../../server/protocol/report/comparison';
import { Scroll, Section } from '../report/sections/parts';
import { ChangeWord } from './figures';
import { FINDING_SIGNS, findingsInOrder, settingText, unitsText } from './words';
import { count } from '../../server/protocol/words';

const MOST_FINDINGS = 100;
const MOST_SETTINGS = 300;
const FIRST_UNITS = 200;
const MORE_UNITS = 1000;
const MOST_UNITS = 3000;

/** Findings that came, went, changed their words, or stayed. */
export function FindingsSection({ findings }: { findings: ReportComparison['findings'] }): JSX.Element {
  const shown = findingsInOrder(findings).slice(0, MOST_FINDINGS);
  return (
    <Section title="Findings">
      {findings.length === 0 ? <p>None.</p> : null}
      <ul class="findings">
        {shown.map(({ id, change, base, head }, at) => (
          <li key={at} class="finding">
            <p>
              <strong>
                <ChangeWord sign={FINDING_SIGNS[change]} />
              </strong>{' '}
              <code>{id}</code>
            </p>
            {change === 'reworded' ? (
              <>
                <p>
                  <span class="quiet">Base:</span> {base}
                </p>
                <p>
                  <span class="quiet">Head:</span> {head}
                </p>
              </>
            ) : (
              <p>{head ?? base}</p>
            )}
          </li>
        ))}
      </ul>
      {shown.length < findings.length ? (
        <p class="quiet">
          {count(shown.length)} of {count(findings.length)} findings.
        </p>
      ) : null}
    </Section>
  );
}

/** Units that only one of the two prunes. */
export function UnitsSection({ units, alone }: { units: ReportComparison['units']; alone: boolean }): JSX.Element {
  return (
    <Section title="Pruned units">
      <p>{unitsText(units, alone)}</p>
      <Units title={alone ? 'Pruned' : 'Only in the base'} units={units.onlyBase} />
      <Units title={alone ? 'Pruned' : 'Only in the head'} units={units.onlyHead} />
      <Units title="In both" units={units.both} />
    </Section>
  );
}

function Units({ title, units }: { title: string; units: readonly number[] }): JSX.Element | null {
  const [most, setMost] = useState(FIRST_UNITS);
  if (units.length === 0) return null;
  const shown = units.slice(0, most);
  return (
    <div class="units-block">
      <h3>
        {title} <span class="quiet">({count(units.length)})</span>
      </h3>
      <ul class="chips" aria-label={title}>
        {shown.map((unit) => (
          <li key={unit}>
            <span class="chip">{unit}</span>
          </li>
        ))}
      </ul>
      {shown.length < units.length ? (
        <p class="quiet">
          {count(shown.length)} of {count(units.length)}.{' '}
          {most < MOST_UNITS ? (
            <vscode-button appearance="secondary" onClick={() => setMost(most + MORE_UNITS)}>
              Show More
            </vscode-button>
          ) : (
            'See the reports’ texts for all of them.'
          )}
        </p>
      ) : null}
    </div>
  );
}

/** Settings, then hashes and provenance, that are not the same. */
export function SettingsSection({ settings }: { settings: ReportComparison['settings'] }): JSX.Element {
  const shown = settings.slice(0, MOST_SETTINGS);
  return (
    <Section title="Settings and provenance that differ">
      {settings.length === 0 ? (
        <p>None: both were run with the same settings, on the same files, by the same engine.</p>
      ) : (
        <Scroll label="Settings that differ">
          <table class="rows">
            <thead>
              <tr>
                <th scope="col">Setting</th>
                <th scope="col">Base</th>
                <th scope="col">Head</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ path, base, head }, at) => (
                <tr key={at}>
                  <th scope="row" class="wide">
                    {path}
                  </th>
                  <td class="wide">
                    <Value value={base} />
                  </td>
                  <td class="wide">
                    <Value value={head} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {shown.length < settings.length ? (
        <p class="quiet">
          {count(shown.length)} of {count(settings.length)}.
        </p>
      ) : null}
    </Section>
  );
}

const Value = ({ value }: { value: unknown }): JSX.Element =>
  value === null || value === undefined ? (
    <span class="quiet">{settingText(value)}</span>
  ) : (
    <code>{settingText(value)}</code>
  );
