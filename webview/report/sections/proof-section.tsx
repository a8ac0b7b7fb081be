import type { JSX } from 'preact';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { RateCell } from './figures-section';
import { Folded } from './folded';
import { Scroll, Section, Signed } from './parts';
import { Masks, ScanTable } from './scan-parts';
import { scanSentence, scanSign } from '../words';
import { capital, pixels } from '../../../server/protocol/words';

const MOST_ROWS = 40;

/** What the verdict rests on beyond the trigger that the repair was made with; nothing where the run proved nothing. */
export function ProofSection({ report: { proof, data } }: { report: DefenseReport }): JSX.Element | null {
  if (!proof) return null;
  return (
    <>
      <Section title="Proof">
        <p>
          The verdict is based on: <strong>{capital(proof.basis)}</strong>.
        </p>
        <p>{proof.sentence}</p>
        {proof.bounded.length > 0 ? (
          <>
            <Scroll label="New triggers, no larger than those found before">
              <table class="rows">
                <thead>
                  <tr>
                    <th scope="col">Class</th>
                    <th scope="col" class="fp-right">
                      Mask of at most
                    </th>
                    <th scope="col" class="fp-right">
                      Estimate on the input model
                    </th>
                    <th scope="col" class="fp-right">
                      New estimate on the repaired model
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {proof.bounded.slice(0, MOST_ROWS).map(({ target, norm, before, after }, at) => (
                    <tr key={at}>
                      <th scope="row">{target}</th>
                      <td class="fp-right">{pixels(norm)}</td>
                      <RateCell rate={before} />
                      <RateCell rate={after} strong />
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
            <p class="quiet">
              Success on {proof.measuredOn === 'test' ? 'test' : 'held-out'} images of other classes. A repair that only
              avoids the trigger it was trained on leaves another one of that size.
            </p>
          </>
        ) : null}
        <p>
          Scan of the repaired model:{' '}
          <strong>
            <Signed sign={scanSign(proof.scan)} />
          </strong>
        </p>
        <p>{scanSentence(proof.scan)}</p>
      </Section>
      <Folded id="proof-scan" title="Scan of the repaired model, class by class">
        <Masks
          scan={proof.scan}
          shape={data.shape}
          label="Masks of the estimated triggers in the repaired model, by class"
        />
        <ScanTable scan={proof.scan} name="scan-repaired" label="Scan of the repaired model" />
      </Folded>
    </>
  );
}
