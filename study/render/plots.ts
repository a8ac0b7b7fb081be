import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { STRATEGIES } from '../settings';
import { ATTACK_TITLES, DATA_TITLES, loss, success, type Group, type Scan } from './collect';
import { GATES } from './sentences';

/** Colours that can be told apart in print and by most eyes, on white. */
const COLOURS = { line: '#b3261e', dot: '#1f5fa8', other: '#8a6100' };

/** An SVG file's text, on white, so that it can be read on any page. */
function svg(options: Plot.PlotOptions, title: string): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const figure = Plot.plot({
    ...options,
    document: document as unknown as Document,
    style: { background: 'white', color: '#222', fontSize: '11px' },
  });
  figure.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  figure.setAttribute('role', 'img');
  figure.setAttribute('aria-label', title);
  // Nothing of a page's style sheet is there to say how wide it may be.
  return `${figure.outerHTML}\n`;
}

/** A group's name, short enough for a margin. */
const shortTitle = ({ data, share }: Pick<Group, 'data' | 'share'>): string => `${DATA_TITLES[data]}, ${share} %`;

const facets = { fx: { label: null, domain: [] as string[] }, fy: { label: null, domain: [] as string[] } };

/** True ASR that each strategy leaves, a dot a seed. */
export function successPlot(groups: readonly Group[]): string {
  const dots = groups.flatMap((group) =>
    group.rows.flatMap(({ attack, strategy, done }) => [
      ...done.map((r) => ({
        attack: ATTACK_TITLES[attack],
        group: shortTitle(group),
        strategy: strategy as string,
        value: 100 * success(r.after),
        kind: 'repaired',
      })),
      ...(strategy === 'auto'
        ? done.map((r) => ({
            attack: ATTACK_TITLES[attack],
            group: shortTitle(group),
            strategy: 'attacked',
            value: 100 * success(r.before),
            kind: 'attacked',
          }))
        : []),
    ]),
  );
  return byStrategy(
    dots,
    ['attacked', ...STRATEGIES],
    {
      x: {
        type: 'symlog',
        constant: 1,
        domain: [0, 100],
        ticks: [0, 1, 5, 20, 100],
        tickFormat: 'd',
        label: 'true ASR left (%)',
        grid: true,
      },
      marks: [Plot.ruleX([100 * GATES.success], { stroke: COLOURS.line, strokeDasharray: '3 2' })],
    },
    'True attack success rate that each strategy leaves, by attack, a dot a seed; the dashed line is the gate.',
  );
}

/** Change of clean accuracy, a dot a seed. */
export function accuracyPlot(groups: readonly Group[]): string {
  const dots = groups.flatMap((group) =>
    group.rows.flatMap(({ attack, strategy, done }) =>
      done.map((r) => ({
        attack: ATTACK_TITLES[attack],
        group: shortTitle(group),
        strategy: strategy as string,
        value: -100 * loss(r),
        kind: 'repaired',
      })),
    ),
  );
  return byStrategy(
    dots,
    [...STRATEGIES],
    {
      x: { label: 'change of clean accuracy (points)', grid: true, ticks: 5, nice: true },
      marks: [Plot.ruleX([0]), Plot.ruleX([-100 * GATES.loss], { stroke: COLOURS.line, strokeDasharray: '3 2' })],
    },
    'Change of clean accuracy by strategy and attack, a dot a seed; the dashed line is the gate.',
  );
}

interface Dot {
  attack: string;
  group: string;
  strategy: string;
  value: number;
  kind: string;
}

function byStrategy(
  dots: readonly Dot[],
  strategies: readonly string[],
  { marks, x }: Pick<Plot.PlotOptions, 'marks' | 'x'>,
  title: string,
): string {
  const rows = [...new Set(dots.map(({ group }) => group))];
  return svg(
    {
      width: 1040,
      height: 60 + 110 * Math.max(1, rows.length),
      marginLeft: 115,
      marginRight: 125,
      ...facets,
      fx: { ...facets.fx, domain: [...new Set(dots.map(({ attack }) => attack))] },
      fy: { ...facets.fy, domain: rows },
      x: { ...x, insetLeft: 6, insetRight: 6 },
      y: { label: null, domain: strategies },
      marks: [
        Plot.frame({ stroke: '#bbb' }),
        ...(marks ?? []),
        Plot.dot(dots, {
          fx: 'attack',
          fy: 'group',
          x: 'value',
          y: 'strategy',
          r: 3.5,
          fill: (d: Dot) => (d.kind === 'attacked' ? COLOURS.other : COLOURS.dot),
          fillOpacity: 0.7,
        }),
      ],
    },
    title,
  );
}

/** Smallest mask of each scanned model against the median of its classes. */
export function scanPlot(scans: readonly Scan[]): string {
  const dots = scans.map(({ cell, target, classes, flagged }) => ({
    model: ATTACK_TITLES[cell.attack],
    group: shortTitle(cell),
    share: target === null ? Math.min(...classes.map(({ share }) => share)) : classes[target]!.share,
    flagged: target === null ? flagged.length > 0 : flagged.includes(target),
  }));
  const limit = scans[0]?.limits.share ?? 0.5;
  return svg(
    {
      width: 660,
      height: 60 + 110 * Math.max(1, new Set(dots.map(({ group }) => group)).size),
      marginLeft: 150,
      marginRight: 125,
      fy: { label: null, domain: [...new Set(dots.map(({ group }) => group))] },
      y: { label: null, domain: Object.values(ATTACK_TITLES) },
      x: {
        label: "the target's mask (without a backdoor, the smallest), as a share of the median",
        domain: [0, Math.max(1, ...dots.map(({ share }) => share))],
        grid: true,
      },
      marks: [
        Plot.frame({ stroke: '#bbb' }),
        Plot.ruleX([limit], { stroke: COLOURS.line, strokeDasharray: '3 2' }),
        Plot.dot(dots, {
          fy: 'group',
          x: 'share',
          y: 'model',
          r: 4,
          stroke: COLOURS.dot,
          fill: (d: { flagged: boolean }) => (d.flagged ? COLOURS.dot : 'white'),
        }),
      ],
    },
    'Size of the smallest mask of each scanned model; filled where the class was flagged, left of the dashed line it can be.',
  );
}
