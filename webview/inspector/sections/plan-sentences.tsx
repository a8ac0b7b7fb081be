import type { JSX } from 'preact';
import type { MaskData } from '../../../server/protocol/messages/inspect';
import { useController } from '../state/context';
import { planName, planText } from '../state/plan';
import { useView } from '../state/store';
import type { Chosen } from '../state/use-layer';
import { ruleText, type Limit } from '../words/rules';
import { curveBasis, maskBasis } from '../words/words';
import { plural, unitWord } from '../../../server/protocol/words';

/** What the number is, by which rule, on which images, and how far it could go. */
export function PlanSentences({
  looked: { plan, moved },
  measured,
  limit,
  onChoose,
}: {
  looked: Chosen;
  /** Where the figures were measured by themselves. */
  measured: MaskData | null;
  /** Undefined until it is known; null where no images are held out. */
  limit: Limit | null | undefined;
  onChoose(count: number): void;
}): JSX.Element {
  const controller = useController();
  const overview = useView((view) => view.overview)!;
  const layer = useView((view) => view.layer)!;
  const word = unitWord(layer.layerKind);
  const basis = measured && maskBasis(measured, overview.images.test, null);
  const goTo = (to: number | null, kind: 'accuracy' | 'gate'): JSX.Element | null =>
    to === null ? null : (
      <>
        <button type="button" class="link" onClick={() => onChoose(to)}>
          {kind === 'accuracy' ? 'up to ' : ''}
          {plural(to, word)}
        </button>
        .
      </>
    );
  return (
    <p class="quiet">
      <span data-testid="plan">
        {moved ? (
          <>
            Chosen here, by the rule. Back to{' '}
            <button type="button" class="link" onClick={() => controller.choosePlanned()}>
              {planName(plan, layer)}
            </button>
            .
          </>
        ) : (
          planText(plan, overview, layer)
        )}
      </span>{' '}
      {basis ? `${basis}. ` : null}Before fine-tuning.{' '}
      {overview.strategy ? (
        <>
          Strategy <code>{overview.strategy}</code>, rule
        </>
      ) : (
        'Rule'
      )}{' '}
      <code>{overview.prune.rule}</code>: {ruleText(overview, word)}. {curveBasis(layer)}{' '}
      {limit === undefined ? (
        'Looking for the limit on held-out images …'
      ) : limit ? (
        <>
          {limit.text} {goTo(limit.pruned, limit.kind)}
        </>
      ) : null}
    </p>
  );
}
