import type { JSX } from 'preact';
import type { Attempt, DefenseReport, HeldOutFigures } from '../../../server/protocol/report/report';
import { RateCell } from './figures-section';
import { Folded } from './folded';
import { Scroll, Section, Signed } from './parts';
import { attemptSign, figure } from '../words';
import { count, percent, pixels, points } from '../../../server/protocol/words';

const MOST_ATTEMPTS = 40;
const MOST_ROUNDS = 200;
const MOST_INVERTED = 5;
const TRIGGERS = [
  ['knownTrigger', 'Known trigger'],
  ['estimatedTrigger', 'Estimated trigger'],
  ['freshTrigger', 'New estimate'],
] as const;
type Trigger = (typeof TRIGGERS)[number];

/** Every repair that was tried, judged on held-out images, and its rounds; nothing for the reference recipe. */
export function RepairsSection({ report: { attempts } }: { report: DefenseReport }): JSX.Element | null {
  if (!attempts) return null;
  const shown = attempts.slice(0, MOST_ATTEMPTS);
  const triggers = measured(shown.map(({ heldOut }) => heldOut));
  return (
    <>
      <Section title="Repairs tried">
        {shown.length === 0 ? <p>None.</p> : <Attempts attempts={shown} triggers={triggers} />}
        <ol class="attempts">
          {shown.map(({ sentence, source }, at) => (
            <li key={at}>
              {sentence} <span class="quiet">{source}</span>
            </li>
          ))}
        </ol>
        <p class="quiet">
          All on clean images held out from fine-tuning and none of the test set, so that the choice does not flatter
          the figures above. {triggersText(triggers.map(([key]) => key))}
          {shown.length < attempts.length
            ? ` ${count(shown.length)} of ${count(attempts.length)} repairs; see the text for all of them.`
            : ''}
        </p>
      </Section>
      {shown.length > 0 ? (
        <Folded id="rounds" title="Rounds of the repairs">
          <Rounds attempts={shown} />
        </Folded>
      ) : null}
    </>
  );
}

function Attempts({ attempts, triggers }: { attempts: readonly Attempt[]; triggers: readonly Trigger[] }): JSX.Element {
  return (
    <Scroll label="Repairs tried">
      <table class="rows figures">
        <thead>
          <tr>
            <th scope="col">Strategy</th>
            <th scope="col">Result</th>
            <th scope="col">Pruned</th>
            <th scope="col" class="fp-right">
              Rounds
            </th>
            <th scope="col" class="fp-right">
              Clean accuracy
            </th>
            {triggers.map(([key, title]) => (
              <th key={key} scope="col" class="fp-right">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {attempts.map((attempt, at) => (
            <tr key={at}>
              <th scope="row">{attempt.strategy}</th>
              <td>
                <Signed sign={attemptSign(attempt)} />
              </td>
              <td>
                {attempt.units.length === 0 ? (
                  <span class="quiet">nothing</span>
                ) : (
                  <>
                    {count(attempt.units.length)}{' '}
                    <span class="quiet">
                      of <bdi>{attempt.layer}</bdi>
                    </span>
                  </>
                )}
              </td>
              <td class="fp-right">
                {count(attempt.keptRound)}
                {attempt.keptRound < attempt.rounds.length ? (
                  <span class="quiet"> of {count(attempt.rounds.length)} kept</span>
                ) : null}
              </td>
              <AccuracyCell figures={attempt.heldOut} />
              {triggers.map(([key]) => (
                <RateCell key={key} rate={attempt.heldOut[key]} none="–" />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** What the columns of triggers are, of those that are there. */
function triggersText(keys: readonly Trigger[0][]): string {
  const words = {
    knownTrigger: 'the known trigger',
    estimatedTrigger: 'the one estimated on the input model',
    freshTrigger: 'a new estimate on the repaired model, limited to the same size',
  };
  return keys.length === 0 ? 'No trigger was measured.' : `Success of ${keys.map((key) => words[key]).join('; of ')}.`;
}

function Rounds({ attempts }: { attempts: readonly Attempt[] }): JSX.Element {
  const rounds = attempts.flatMap((attempt) => attempt.rounds.map((round, at) => ({ attempt, round, number: at + 1 })));
  const shown = rounds.slice(0, MOST_ROUNDS);
  const triggers = measured(shown.map(({ round }) => round.heldOut));
  return (
    <>
      <Scroll label="Rounds of the repairs" tall>
        <table class="rows figures">
          <thead>
            <tr>
              <th scope="col">Strategy</th>
              <th scope="col">Round</th>
              <th scope="col">Trained against</th>
              <th scope="col" class="fp-right">
                Epochs
              </th>
              <th scope="col" class="fp-right">
                Stamped
              </th>
              <th scope="col" class="fp-right">
                Loss
              </th>
              <th scope="col" class="fp-right">
                Clean accuracy
              </th>
              {triggers.map(([key, title]) => (
                <th key={key} scope="col" class="fp-right">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map(({ attempt, round, number }, at) => (
              <tr key={at}>
                <th scope="row">{attempt.strategy}</th>
                <td>
                  {number}
                  {number === attempt.keptRound ? <span class="quiet"> kept</span> : null}
                </td>
                <td>{inverted(round.inverted)}</td>
                <td class="fp-right">{count(round.epochs)}</td>
                <td class="fp-right">{percent(round.stamped)}</td>
                <td class="fp-right">{Number(round.loss.toPrecision(3))}</td>
                <AccuracyCell figures={round.heldOut} />
                {triggers.map(([key]) => (
                  <RateCell key={key} rate={round.heldOut[key]} none="–" />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {shown.length < rounds.length ? (
        <p class="quiet">
          {count(shown.length)} of {count(rounds.length)} rounds. See the text for all of them.
        </p>
      ) : null}
    </>
  );
}

function AccuracyCell({ figures: { images, correctBefore, correct } }: { figures: HeldOutFigures }): JSX.Element {
  if (images === 0) return <td class="fp-right quiet">no image</td>;
  return (
    <td class="fp-right">
      {figure(correct / images)}
      <span class="quiet below rests">
        <span>{points((correct - correctBefore) / images)}</span> <span>of {count(images)}</span>
      </span>
    </td>
  );
}

/** The triggers that any of the figures are on. */
function measured(all: readonly HeldOutFigures[]): Trigger[] {
  return TRIGGERS.filter(([key]) => all.some((figures) => figures[key] !== null));
}

function inverted(found: Attempt['rounds'][number]['inverted']): string {
  if (found.length === 0) return '–';
  const told = found.slice(0, MOST_INVERTED).map(({ target, norm }) => `class ${target}, ${pixels(norm)}`);
  return `${told.join('; ')}${found.length > MOST_INVERTED ? ` and ${count(found.length - MOST_INVERTED)} more` : ''}`;
}
