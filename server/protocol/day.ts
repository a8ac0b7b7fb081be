/** Days of the calendar as decisions about findings have them: YYYY-MM-DD, without a time zone. */

/**
 * The date where the person or runner is: the one rule for "today", in the editor, the language server and the command line.
 * Decisions name days, and a person takes them for days of the calendar on their wall. The time zone is that of the machine (`TZ`).
 */
export function today(now = new Date()): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${String(now.getFullYear()).padStart(4, '0')}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** Whether a text is a real day, YYYY-MM-DD. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  // A day such as 30 February is taken for one in March.
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
