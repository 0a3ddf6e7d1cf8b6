/** What each chart of the figures shows: the same rows for the picture and for the table beside it. */
import type { Figures, FigureGroup } from '@/api/types'

export interface ChartData {
  /** What the rows are. */
  heading: string
  series: { name: string; colour: Colour; kind?: 'bar' | 'line' }[]
  /** A name and a number for each series; none where nothing can be counted. */
  rows: { name: string; values: (number | null)[] }[]
  /** Bars on top of each other make a whole. */
  isStacked?: boolean
  /** Bars lie, names stand beside them. */
  isLying?: boolean
  unit?: string
}

export type Colour = 'main' | 'good' | 'open' | 'late' | 'other' | 'quiet'

const COLOURS: Record<'light' | 'dark', Record<Colour | 'ink' | 'line' | 'ground', string>> = {
  light: { main: '#1f5fbf', good: '#2c8a4f', open: '#8fb4e8', late: '#b3261e', other: '#b8761a', quiet: '#98a1ae', ink: '#1d2129', line: '#dde2ea', ground: '#ffffff' },
  dark: { main: '#6ea4f4', good: '#57b57c', open: '#3f6ba8', late: '#f2877f', other: '#e0aa58', quiet: '#76808f', ink: '#e7ebf2', line: '#323a47', ground: '#1b2029' },
}

/** For ECharts; without HTML of its own, which the page's policy refuses. */
export function optionOf(data: ChartData, mode: 'light' | 'dark'): Record<string, unknown> {
  const colours = COLOURS[mode]
  const names = { type: 'category', data: data.rows.map(({ name }) => name), axisLabel: { color: colours.ink, hideOverlap: true, ...(data.isLying && { width: 120, overflow: 'truncate' }) }, axisLine: { lineStyle: { color: colours.line } }, axisTick: { show: false }, ...(data.isLying && { inverse: true }) }
  const numbers = { type: 'value', minInterval: data.unit ? undefined : 1, axisLabel: { color: colours.ink }, splitLine: { lineStyle: { color: colours.line } } }
  return {
    animation: false,
    textStyle: { fontFamily: "'Microsoft YaHei', 'PingFang SC', 'Noto Sans CJK SC', sans-serif" },
    grid: { left: 8, right: 24, top: data.series.length > 1 ? 34 : 12, bottom: 6, containLabel: true },
    legend: { show: data.series.length > 1, top: 0, textStyle: { color: colours.ink }, itemWidth: 14, itemHeight: 10 },
    tooltip: { trigger: 'axis', renderMode: 'richText', axisPointer: { type: 'shadow' }, backgroundColor: colours.ground, borderColor: colours.line, textStyle: { color: colours.ink } },
    xAxis: data.isLying ? numbers : names,
    yAxis: data.isLying ? names : numbers,
    series: data.series.map(({ name, colour, kind = 'bar' }, index) => ({
      name,
      type: kind,
      data: data.rows.map(({ values }) => values[index] ?? null),
      itemStyle: { color: colours[colour] },
      ...(kind === 'line' && { lineStyle: { width: 2.5, type: colour === 'late' ? 'dashed' : 'solid' }, symbol: ['circle', 'rect', 'triangle'][index % 3], symbolSize: 7 }),
      ...(kind === 'bar' && { barMaxWidth: 26, ...(data.isStacked && { stack: 'all' }) }),
      ...(kind === 'bar' && !data.isStacked && { label: { show: true, position: data.isLying ? 'right' : 'top', color: colours.ink, fontSize: 11 } }),
    })),
  }
}

const DAY_MS = 86_400_000

export interface Span {
  from: string
  to: string
}

/** As long, and just before. */
export function spanBefore({ from, to }: Span): Span {
  const length = Date.parse(to) - Date.parse(from)
  return { from: new Date(Date.parse(from) - length).toISOString(), to: from }
}

/** In which steps a trend is read. */
export function stepOf({ from, to }: Span): 'day' | 'week' | 'month' {
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS
  return days <= 31 ? 'day' : days <= 190 ? 'week' : 'month'
}

/** Days on which nothing came are days too. */
export function everyDay(groups: FigureGroup[]): { key: string; group: FigureGroup | null }[] {
  const known = new Map(groups.flatMap((group) => (group.key === null ? [] : [[group.key, group] as const])))
  const keys = [...known.keys()].sort()
  const [first, last] = [keys[0], keys.at(-1)]
  if (!first || !last || Number.isNaN(Date.parse(first)) || Number.isNaN(Date.parse(last))) return keys.map((key) => ({ key, group: known.get(key) ?? null }))
  const all: { key: string; group: FigureGroup | null }[] = []
  for (let at = Date.parse(first); at <= Date.parse(last) && all.length < 400; at += DAY_MS) {
    const key = new Date(at).toISOString().slice(0, 10)
    all.push({ key, group: known.get(key) ?? null })
  }
  return all
}

/** Says `+3`, `−2`, `0`. */
export function change(now: number | null, before: number | null): string {
  if (now === null || before === null) return '—'
  const by = Math.round((now - before) * 10) / 10
  return by > 0 ? `+${by}` : by < 0 ? `−${-by}` : '0'
}

type Count = keyof Figures

export function loopData(total: Figures, label: (figure: Count) => string, heading: string): ChartData {
  const steps: Count[] = ['received', 'accepted', 'handled', 'in_time', 'late', 'rejected', 'duplicates', 'open', 'overdue']
  return { heading, isLying: true, series: [{ name: heading, colour: 'main' }], rows: steps.map((step) => ({ name: label(step), values: [total[step]] })) }
}

const MOST = 15

export function categoryData(groups: FigureGroup[], label: (figure: Count) => string, name: (key: string | null) => string, heading: string): ChartData {
  const largest = [...groups].sort((a, b) => b.received - a.received).slice(0, MOST)
  return {
    heading,
    isStacked: true,
    isLying: true,
    series: [
      { name: label('handled'), colour: 'good' },
      { name: label('rejected'), colour: 'quiet' },
      { name: label('duplicates'), colour: 'other' },
      { name: label('open'), colour: 'open' },
    ],
    rows: largest.map((group) => ({ name: name(group.key), values: [group.handled, group.rejected, group.duplicates, group.open] })),
  }
}

export function hoursData(groups: FigureGroup[], label: (figure: Count) => string, name: (key: string | null) => string, heading: string): ChartData {
  const figures: Count[] = ['accept_hours_median', 'handle_hours_median', 'close_hours_median']
  const known = [...groups].filter((group) => figures.some((figure) => group[figure] !== null)).sort((a, b) => b.received - a.received).slice(0, 10)
  const tenth = (value: number | null): number | null => (value === null ? null : Math.round(value * 10) / 10)
  return {
    heading,
    isLying: true,
    unit: 'h',
    series: figures.map((figure, index) => ({ name: label(figure), colour: (['open', 'main', 'good'] as const)[index] ?? 'main' })),
    rows: known.map((group) => ({ name: name(group.key), values: figures.map((figure) => tenth(group[figure])) })),
  }
}

export function trendData(groups: FigureGroup[], step: 'day' | 'week' | 'month', label: (figure: Count) => string, heading: string): ChartData {
  const figures: Count[] = ['received', 'handled', 'open']
  const rows = step === 'day' ? everyDay(groups) : groups.flatMap((group) => (group.key === null ? [] : [{ key: group.key, group }]))
  return {
    heading,
    series: figures.map((figure, index) => ({ name: label(figure), kind: 'line', colour: (['main', 'good', 'late'] as const)[index] ?? 'main' })),
    rows: rows.map(({ key, group }) => ({ name: key, values: figures.map((figure) => group?.[figure] ?? 0) })),
  }
}

export function comparisonData(now: Figures, before: Figures, label: (figure: Count) => string, words: { heading: string; now: string; before: string }): ChartData {
  const figures: Count[] = ['received', 'accepted', 'handled', 'in_time', 'late', 'open', 'overdue', 'rejected', 'reopened']
  return {
    heading: words.heading,
    isLying: true,
    series: [
      { name: words.before, colour: 'quiet' },
      { name: words.now, colour: 'main' },
    ],
    rows: figures.map((figure) => ({ name: label(figure), values: [before[figure], now[figure]] })),
  }
}

/** In one breath, for who hears it. */
export function spoken(data: ChartData): string {
  const said = data.rows.slice(0, 12).map(({ name, values }) => `${name} ${values.map((value, index) => (data.series.length > 1 ? `${data.series[index]?.name ?? ''} ${value ?? '—'}` : (value ?? '—'))).join(' ')}`)
  return said.join('；')
}
