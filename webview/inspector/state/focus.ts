/** The heading of the details of a unit. */
export const UNIT_ID = 'unit-title';

/** Goes to the details of the unit that is looked at, and reads their heading. */
export function focusUnit(): void {
  document.getElementById(UNIT_ID)?.focus({ preventScroll: true });
  showUnit();
}

/** Brings the details into sight, where they are not: beside the table they always are. */
export function showUnit(): void {
  const heading = document.getElementById(UNIT_ID);
  if (!heading) return;
  const { top } = heading.getBoundingClientRect();
  if (top < 0 || top > window.innerHeight / 2) heading.scrollIntoView({ block: 'start' });
}

/** The heading of what is known of a scan. */
export const SCAN_ID = 'scan-title';

/** Goes to the evidence for a trigger, and reads its heading. */
export function focusScan(): void {
  const heading = document.getElementById(SCAN_ID);
  heading?.focus({ preventScroll: true });
  heading?.scrollIntoView({ block: 'start' });
}

/** Back from the details to the row in the table. */
export function focusRow(): void {
  document.querySelector<HTMLElement>('.neurons [role=row][tabindex="0"]')?.focus();
}
