import type { JSX } from 'preact';

export interface SliderProps {
  min: number;
  max: number;
  value: number;
  /** Default 1. */
  step?: number;
  /** Accessible name. */
  label: string;
  /** The value in words, such as `25 of 128 neurons`; what a screen reader says. */
  valueText: string;
  disabled?: boolean;
  /** Positions worth a mark below the track. */
  marks?: readonly { value: number; label: string }[];
  onInput(value: number): void;
}

/** A native range input: arrow keys, Page Up and Down, Home and End work as everywhere. */
export function Slider({
  min,
  max,
  value,
  step = 1,
  label,
  valueText,
  disabled,
  marks = [],
  onInput,
}: SliderProps): JSX.Element {
  const share = (at: number): number => (max > min ? Math.max(0, Math.min(1, (at - min) / (max - min))) : 0);
  return (
    <span class="fp-slider">
      <input
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        disabled={disabled}
        aria-label={label}
        aria-valuetext={valueText}
        // How far the track is filled.
        style={{ '--fp-share': share(value) }}
        onInput={(event) => onInput(event.currentTarget.valueAsNumber)}
      />
      {marks.map((mark) => (
        <span
          key={mark.label}
          class="fp-slider-mark"
          title={mark.label}
          style={{ '--fp-share': share(mark.value) }}
          aria-hidden="true"
        />
      ))}
    </span>
  );
}
