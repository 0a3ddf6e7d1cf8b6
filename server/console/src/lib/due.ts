/** How much time is left, in words and as a grade: colour never stands alone. */

export type Grade = 'none' | 'plenty' | 'soon' | 'late'

export interface TimeLeft {
  grade: Grade
  /** Key of the words. */
  key: 'none' | 'left_days' | 'left_hours' | 'left_minutes' | 'late_days' | 'late_hours' | 'late_minutes'
  days: number
  hours: number
  minutes: number
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** From here on it is soon. */
const SOON = 2 * HOUR

export function timeLeft(due: string | number | null | undefined, now: number): TimeLeft {
  const at = due === null || due === undefined ? Number.NaN : new Date(due).getTime()
  if (Number.isNaN(at)) return { grade: 'none', key: 'none', days: 0, hours: 0, minutes: 0 }
  const left = at - now
  const isLate = left < 0
  const size = Math.abs(left)
  const days = Math.floor(size / DAY)
  const hours = Math.floor((size % DAY) / HOUR)
  const minutes = Math.floor((size % HOUR) / MINUTE)
  const unit = days > 0 ? 'days' : hours > 0 ? 'hours' : 'minutes'
  const grade: Grade = isLate ? 'late' : left <= SOON ? 'soon' : 'plenty'
  return { grade, key: `${isLate ? 'late' : 'left'}_${unit}`, days, hours, minutes }
}
