/** Small sums of the wall. */

const DAY_MS = 86_400_000
/** The township's clock is eight hours ahead of UTC, in summer and winter. */
const AHEAD_MS = 8 * 3_600_000

/** When the township's day began. */
export function startOfDay(now: number): string {
  return new Date(Math.floor((now + AHEAD_MS) / DAY_MS) * DAY_MS - AHEAD_MS).toISOString()
}

/** The page so many turns away, round and round. */
export function turnFrom(page: number, by: number, count: number): number {
  return (((page + by) % count) + count) % count
}

/** What a bar of full length stands for; never nothing. */
export function longest(values: number[]): number {
  return Math.max(1, ...values)
}
