import { describe, expect, it } from 'vitest'
import type { FigureGroup, Figures } from '@/api/types'
import { categoryData, change, comparisonData, everyDay, hoursData, loopData, optionOf, spanBefore, spoken, stepOf, trendData } from '@/lib/chart/options'
import { longest, startOfDay, turnFrom } from '@/lib/wall'

const NONE: Figures = { accept_hours: null, accept_hours_median: null, accepted: 0, close_hours: null, close_hours_median: null, duplicates: 0, handle_hours: null, handle_hours_median: null, handled: 0, in_time: 0, late: 0, open: 0, overdue: 0, rating: null, ratings: 0, received: 0, rejected: 0, reopened: 0, shared: 0, without_due: 0 }
const group = (key: string | null, more: Partial<Figures>): FigureGroup => ({ ...NONE, ...more, key })
const label = (figure: string): string => figure
const name = (key: string | null): string => key ?? '（无）'

describe('spans of time', () => {
  it('has a period of the same length before', () => {
    expect(spanBefore({ from: '2026-02-01T00:00:00.000Z', to: '2026-02-08T00:00:00.000Z' })).toEqual({ from: '2026-01-25T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' })
  })

  it('is read in days, weeks or months', () => {
    const days = (count: number) => ({ from: '2026-01-01T00:00:00.000Z', to: new Date(Date.parse('2026-01-01T00:00:00Z') + count * 86_400_000).toISOString() })
    expect([1, 30, 90, 365].map((count) => stepOf(days(count)))).toEqual(['day', 'day', 'week', 'month'])
  })

  it('has days on which nothing came', () => {
    expect(everyDay([group('2026-02-27', { received: 1 }), group('2026-03-02', { received: 2 })]).map(({ key, group: one }) => [key, one?.received ?? 0])).toEqual([['2026-02-27', 1], ['2026-02-28', 0], ['2026-03-01', 0], ['2026-03-02', 2]])
    expect(everyDay([])).toEqual([])
  })

  it('begins a day at midnight of the township', () => {
    expect(startOfDay(Date.parse('2026-03-01T15:59:59Z'))).toBe('2026-02-28T16:00:00.000Z')
    expect(startOfDay(Date.parse('2026-03-01T16:00:00Z'))).toBe('2026-03-01T16:00:00.000Z')
  })
})

describe('charts', () => {
  const groups = [group('fire', { received: 5, handled: 3, open: 1, rejected: 1, close_hours_median: 3.14159 }), group(null, { received: 1, duplicates: 1 }), group('order', { received: 9, open: 9 })]

  it('have parts of a category that make up what was received', () => {
    const data = categoryData(groups, label, name, '类别')
    expect(data.rows.map((row) => row.name)).toEqual(['order', 'fire', '（无）'])
    for (const { name: key, values } of data.rows) expect(values.reduce<number>((sum, value) => sum + (value ?? 0), 0)).toBe(groups.find((one) => name(one.key) === key)?.received)
  })

  it('have hours only where something was done', () => {
    expect(hoursData(groups, label, name, '类别').rows).toEqual([{ name: 'fire', values: [null, null, 3.1] }])
  })

  it('compare two periods and say by how much', () => {
    const data = comparisonData({ ...NONE, received: 5 }, { ...NONE, received: 8 }, label, { heading: '项目', now: '本', before: '上' })
    expect(data.rows[0]).toEqual({ name: 'received', values: [8, 5] })
    expect([change(5, 8), change(8, 5), change(5, 5), change(null, 5), change(1.25, 1)]).toEqual(['−3', '+3', '0', '—', '+0.3'])
  })

  it('show the loop and the course of days', () => {
    expect(loopData({ ...NONE, received: 3 }, label, '项目').rows[0]).toEqual({ name: 'received', values: [3] })
    expect(trendData([group('2026-03-01', { received: 2 }), group('2026-03-03', { handled: 1 })], 'day', label, '日期').rows.map(({ values }) => values)).toEqual([[2, 0, 0], [0, 0, 0], [0, 1, 0]])
    expect(trendData([group('2026-03-02', { received: 2 })], 'week', label, '日期').rows).toHaveLength(1)
  })

  it('are drawn without HTML, in the numbers of the table, light and dark', () => {
    const data = categoryData(groups, label, name, '类别')
    for (const mode of ['light', 'dark'] as const) {
      const option = optionOf(data, mode) as { tooltip: { renderMode: string }; series: { data: number[]; stack: string }[] }
      expect(option.tooltip.renderMode).toBe('richText')
      expect(option.series.map(({ data: numbers }) => numbers[1])).toEqual(data.rows[1]?.values)
      expect(option.series.every(({ stack }) => stack === 'all')).toBe(true)
    }
    expect(spoken(data)).toContain('fire handled 3 rejected 1')
  })
})

describe('the wall', () => {
  it('turns round and round', () => {
    expect([turnFrom(0, 1, 4), turnFrom(3, 1, 4), turnFrom(0, -1, 4), turnFrom(2, -7, 4)]).toEqual([1, 0, 3, 3])
    expect([longest([]), longest([0, 0]), longest([3, 7])]).toEqual([1, 1, 7])
  })
})
