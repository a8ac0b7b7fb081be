declare module 'asciichart' {
  export interface PlotConfig {
    min?: number;
    max?: number;
    /** Rows, less one. */
    height?: number;
    /** Columns of the axis and its labels. */
    offset?: number;
    /** Label of a row. */
    format?: (value: number, row: number) => string;
    /** ┼ ┤ ╶ ╴ ─ ╰ ╭ ╮ ╯ │ in this order. */
    symbols?: string[];
  }
  export function plot(series: number[] | number[][], config?: PlotConfig): string;
}
