import { cleanConfusion, stagesOf, type Stage } from '../../server/protocol/report/confusion';
import type { DefenseReport } from '../../server/protocol/report/report';

/** Images that the trigger sends to a class, net of those that go there without it, as a share of those that are not labelled so. */
export interface Sent {
  share: number;
  of: number;
}

/** @returns null without a trigger, for samples, which have no twins, and in reports of earlier versions */
export function sentTo(c: number, stage: Stage): Sent | null {
  const changes = stage.effect?.classes;
  if (!changes) return null;
  const clean = cleanConfusion(stage);
  const of = Array.from({ length: clean.classes }, (_, label) => (label === c ? 0 : clean.of(label))).reduce(
    (a, b) => a + b,
    0,
  );
  const { gained, lost } = changes.find((one) => one.class === c) ?? { gained: 0, lost: 0 };
  return of === 0 ? null : { share: (gained - lost) / of, of };
}

/** The class that the trigger sends most images to, as the model came or else as it is now, where that is not its target and above the limit. */
export function otherAim(report: DefenseReport): number | null {
  const { trigger, repaired, provenance } = report;
  if (!trigger) return null;
  const limit = provenance.config.gates.maxAttackSuccessRate;
  const stages = stagesOf(report);
  for (const stage of [stages.before, ...(repaired ? [stages.after] : [])]) {
    const [most] = (stage.effect?.classes ?? [])
      .filter((one) => one.class !== trigger.target)
      .map((one) => ({ class: one.class, share: sentTo(one.class, stage)?.share ?? 0 }))
      .sort((a, b) => b.share - a.share);
    if (most && most.share > Math.max(limit, stage.attackSuccessRate?.rate ?? 0)) return most.class;
  }
  return null;
}
