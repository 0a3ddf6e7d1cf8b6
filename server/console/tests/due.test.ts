import { describe, expect, it } from 'vitest'
import { timeLeft } from '@/lib/due'

const NOW = Date.parse('2026-03-01T00:00:00Z')
const after = (minutes: number): string => new Date(NOW + minutes * 60_000).toISOString()

describe('time left', () => {
  it('is plenty, soon or late, with the two largest units', () => {
    expect(timeLeft(after(3 * 1440 + 61), NOW)).toMatchObject({ grade: 'plenty', key: 'left_days', days: 3, hours: 1 })
    expect(timeLeft(after(121), NOW)).toMatchObject({ grade: 'plenty', key: 'left_hours', hours: 2, minutes: 1 })
    expect(timeLeft(after(120), NOW)).toMatchObject({ grade: 'soon', key: 'left_hours' })
    expect(timeLeft(after(5), NOW)).toMatchObject({ grade: 'soon', key: 'left_minutes', minutes: 5 })
    expect(timeLeft(after(-1), NOW)).toMatchObject({ grade: 'late', key: 'late_minutes', minutes: 1 })
    expect(timeLeft(after(-1441), NOW)).toMatchObject({ grade: 'late', key: 'late_days', days: 1 })
  })

  it('says nothing where nothing is due', () => {
    for (const none of [null, undefined, 'no time']) expect(timeLeft(none, NOW).grade).toBe('none')
  })
})
