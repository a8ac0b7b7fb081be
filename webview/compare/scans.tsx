import type { JSX } from 'preact';
import type { ScanChange } from '../../server/protocol/report/comparison';
import { Scroll, Section } from '../report/sections/parts';
import { ChangeWord } from './figures';
import { flaggedText, scanSigns } from './words';

/** Which classes the scans of the two reports find suspicious. */
export function ScansSection({
  scans,
  base,
  head,
}: {
  scans: readonly ScanChange[];
  /** Whether there is a report on that side. */ base: boolean;
  head: boolean;
}): JSX.Element {
  return (
    <Section title="Suspicious classes">
      <Scroll label="Suspicious classes of base and head">
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Scan</th>
              <th scope="col">Base</th>
              <th scope="col">Head</th>
              <th scope="col">Change</th>
            </tr>
          </thead>
          <tbody>
            {scans.map((scan) => {
              const signs = scanSigns(scan);
              return (
                <tr key={scan.model}>
                  <th scope="row">{scan.model === 'input' ? 'Input model' : 'Defended model'}</th>
                  <td>{flaggedText(scan.base, base)}</td>
                  <td>{flaggedText(scan.head, head)}</td>
                  <td>
                    {signs.length > 0
                      ? signs.map((sign) => (
                          <div key={sign.text}>
                            <ChangeWord sign={sign} />
                          </div>
                        ))
                      : scan.base && scan.head
                        ? 'None'
                        : '–'}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </Section>
  );
}
