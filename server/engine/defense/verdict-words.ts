import type { DefenseReport, Proof } from '../../protocol/report/report';
import { mostDisturbed, type ClassFigure, type EffectJudgement } from './effect';
import { count, percent, signedPercent } from '../../protocol/words';

/** The sentences of a verdict on a trigger; each says the figures that led to the word. */
export class TriggerWords {
  private readonly the: string;
  private readonly The: string;
  private readonly from: string;
  private readonly to: string;
  private readonly limit: string;
  private readonly target: number;

  constructor(
    private readonly measured: Pick<DefenseReport, 'stages'>,
    trigger: NonNullable<DefenseReport['trigger']>,
    private readonly most: number,
  ) {
    this.the = trigger.source === 'estimated' ? 'the estimated trigger' : 'the trigger';
    this.The = this.the.replace('the', 'The');
    this.from = percent(measured.stages.before.attackSuccessRate!.rate);
    this.to = percent(measured.stages.after.attackSuccessRate!.rate);
    this.limit = percent(most);
    this.target = trigger.target;
  }

  honest(accuracy: string): string {
    return `The config names class ${this.target}, but the scan does not find it suspicious: a trigger as large as its estimate can be found for any class, so the change in its success, from ${this.from} to ${this.to}, says nothing about a backdoor. ${accuracy.replace('clean', 'Clean')}.`;
  }

  tooFew({ class: c, of, needed }: NonNullable<EffectJudgement['tooFew']>): string {
    return `Too few images: with ${count(of)} images of other classes, not even a trigger without any effect can be shown to send at most ${this.limit} of them to class ${c}; at least ${count(needed)} are needed. ${this.The} reaches class ${this.target} on ${this.to} of inputs (before: ${this.from}${this.baseAfter()}).`;
  }

  noEffect(accuracy: string): string {
    const base = this.measured.stages.before.effect?.baseRate;
    const without = base ? ` (${percent(base.rate)} without it)` : '';
    const rests = base
      ? `, within the limit of ${this.limit}, and sends images to no other class`
      : `, within the limit of ${this.limit}`;
    return `${this.The} has no effect on the input model: it reaches class ${this.target} on ${this.from} of inputs${without}${rests}. There is nothing to repair for this trigger, provided that clean accuracy (${accuracy}) is what you expect of this model.`;
  }

  stillThere({ fault, target, worst, flow, netWrong }: EffectJudgement, before: EffectJudgement): string {
    if (fault === 'other class' && worst) return this.elsewhere(worst, before);
    if (fault === 'source class' && flow) {
      return `The backdoor is still there for some images: ${this.the} sends ${percent(flow.share)} of the ${count(flow.of)} images of class ${flow.source} to class ${flow.to}, net of those that go there without it; the limit is ${percent(mostDisturbed(this.most))}. It reaches class ${this.target} on ${this.to} of inputs (before: ${this.from}).`;
    }
    if (fault === 'wrong') {
      return `The trigger still misleads the model: it makes a net ${percent(netWrong ?? 0)} of all images wrong; the limit is ${percent(mostDisturbed(this.most))}. It reaches class ${this.target} on ${this.to} of inputs (before: ${this.from}).`;
    }
    return target.by === 'excess' ? this.byExcess(target) : this.byRate();
  }

  /** Nothing was written: each repair cost too much. @param why what each of them came to */
  untouched(effect: EffectJudgement, before: EffectJudgement, why: string): string {
    if (effect.fault !== 'target' || effect.target.by === 'excess')
      return `${this.stillThere(effect, before)} The model was not changed. ${why}`;
    return `The backdoor is still in the model, which was not changed: ${this.the} reaches class ${this.target} on ${this.from} of inputs (${this.within()}). ${why}`;
  }

  notShown(against: string): string {
    return `The backdoor has not been shown to be gone: ${this.the}'s success fell from ${this.from} to ${this.to} (${this.within()}), but ${against}.`;
  }

  accuracyLost(accuracy: string, limit: string): string {
    return `${this.The}'s success fell from ${this.from} to ${this.to}, but ${accuracy}, a drop above the limit of ${limit}.`;
  }

  /** @param before what the trigger did to the input model */
  mitigated(accuracy: string, proof: Proof | undefined, before: EffectJudgement, after: EffectJudgement): string {
    const basis = proof
      ? ` This is based on ${proof.basis === 'fresh scan' ? 'a fresh scan alone; the trigger itself is not known' : 'the known trigger and on a fresh scan, which finds no suspicious class'}.`
      : ' This is based on the known trigger alone; the repaired model was not scanned.';
    return `${this.fell(before, after)} (${this.within()}); ${accuracy}.${basis}`;
  }

  /** Where it aimed at another class than the config names, its success there says nothing. */
  private fell({ fault, worst }: EffectJudgement, after: EffectJudgement): string {
    if (fault !== 'other class' || !worst) return `${this.The}'s success fell from ${this.from} to ${this.to}`;
    const now = after.worst ? signedPercent(after.worst.share) : this.to;
    return `${this.The} sent ${signedPercent(worst.share)} of ${count(worst.of)} images to class ${worst.class}, net of those that go there without it; now it sends at most ${now} to any class other than ${this.target}, and ${this.to} to class ${this.target}`;
  }

  private byRate(): string {
    const after = this.measured.stages.after.attackSuccessRate!;
    const reach = `${this.the} reaches class ${this.target} on ${this.to} of inputs (before: ${this.from}${this.baseAfter()}; limit: ${this.limit})`;
    // Wilson's bound is not the rate: on few images a rate within the limit shows little.
    if (after.rate <= this.most)
      return `The backdoor has not been shown to be gone: ${reach}, but on ${after.of} inputs up to ${percent(after.high)} can't be ruled out (95 %).`;
    return `The backdoor is still there: ${reach}.`;
  }

  private byExcess({ share, high, of }: ClassFigure): string {
    const base = percent(this.measured.stages.after.effect!.baseRate.rate);
    const reach = `${this.the} sends ${this.to} of inputs to class ${this.target}, where ${base} go without it: ${signedPercent(share)} more (before: ${this.from}; limit: ${this.limit} more)`;
    if (share <= this.most)
      return `The backdoor has not been shown to be gone: ${reach}, but on ${count(of)} inputs up to ${signedPercent(high)} more can't be ruled out (95 %).`;
    return `The backdoor is still there: ${reach}.`;
  }

  /** The images go to a class that nobody named. */
  private elsewhere({ class: c, share, high, of }: ClassFigure, before: EffectJudgement): string {
    const was = before.worst?.class === c ? `; before: ${signedPercent(before.worst.share)}` : '';
    const named = `class ${this.target}, which the config names`;
    const reach = `${this.the} sends ${signedPercent(share)} of ${count(of)} images to class ${c}, net of those that go there without it (up to ${signedPercent(high)}${was}; limit: ${this.limit})`;
    if (share <= this.most)
      return `The backdoor has not been shown to be gone: ${reach}. To ${named}, it sends ${this.to} (before: ${this.from}).`;
    return `The backdoor is still there: ${reach}. To ${named}, it sends ${this.to} (before: ${this.from}).`;
  }

  private baseAfter(): string {
    const base = this.measured.stages.after.effect?.baseRate;
    return base ? `; without the trigger: ${percent(base.rate)}` : '';
  }

  private within(): string {
    const base = this.baseAfter().replace(/^; /, '');
    return `${base && `${base}; `}limit: ${this.limit}`;
  }
}
