// When what a page holds counts as growing.

/** What is left out: caches fill, and code is compiled. */
export const WARM_UP = 3;

/** By how much the least of the last third of what was read exceeds that of the first, without the
 * warm-up. The least: garbage that still waits can only add. */
export function growth(read: readonly number[]): number {
  const warm = read.slice(WARM_UP);
  const third = Math.ceil(warm.length / 3);
  return Math.min(...warm.slice(-third)) - Math.min(...warm.slice(0, third));
}
