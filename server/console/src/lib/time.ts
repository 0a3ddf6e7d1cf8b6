/** Times for people: the township's, whatever zone the browser is in. */
const ZONE = 'Asia/Shanghai'

type Moment = string | number | null | undefined

function parts(at: Moment): Record<string, string> | null {
  if (at === null || at === undefined) return null
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return null
  const format = new Intl.DateTimeFormat('zh-CN', {
    timeZone: ZONE,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  })
  return Object.fromEntries(format.formatToParts(date).map(({ type, value }) => [type, value]))
}

/** `2026-03-01 08:05` */
export function minuteOf(at: Moment): string {
  const p = parts(at)
  return p ? `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}` : ''
}

/** `03-01 08:05`; the year only if it is another one than now. */
export function shortMinuteOf(at: Moment, now: number): string {
  const p = parts(at)
  if (!p) return ''
  const year = parts(now)?.year
  return `${p.year === year ? '' : `${p.year}-`}${p.month}-${p.day} ${p.hour}:${p.minute}`
}

/** `2026-03-01` */
export function dayOf(at: Moment): string {
  const p = parts(at)
  return p ? `${p.year}-${p.month}-${p.day}` : ''
}
