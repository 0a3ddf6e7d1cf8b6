/** The published counts as tables: a section has columns and rows, and nothing is added up that the relay did not. */
import type { Published } from '@/api/types'

export interface Section {
  name: string
  head: string[]
  rows: { code: string; numbers: number[] }[]
}

const CLOSED = ['received', 'settled']

export function sections(published: Published): Section[] {
  const { disputes, hazards, suggestions, complaints, leads, patrols, visits, notices, inspections, plans, reminders, relief, musters, evacuations } = published
  const closed = (counts: Record<string, { received: number; settled: number }>): Section['rows'] =>
    Object.entries(counts).map(([code, { received, settled }]) => ({ code, numbers: [received, settled] }))
  const plain = (counts: Record<string, number>): Section['rows'] => Object.entries(counts).map(([code, count]) => ({ code, numbers: [count] }))
  const orders = { inspections, plans, reminders, relief }
  const all: Section[] = [
    { name: 'loop', head: CLOSED, rows: closed({ disputes, hazards, suggestions, complaints, leads }) },
    { name: 'by_source', head: CLOSED, rows: closed(published.by_source) },
    { name: 'by_category', head: CLOSED, rows: closed(published.by_category) },
    { name: 'patrols', head: ['count'], rows: plain({ count: patrols.count, hours: Math.round(patrols.minutes / 60), kilometres: Math.round(patrols.distance_m / 1000), checkpoints: patrols.checkpoints, incidents: patrols.incidents }) },
    { name: 'visits', head: ['count'], rows: plain({ count: visits.count, households: visits.households, people: visits.people, met: visits.met }) },
    { name: 'purposes', head: ['count'], rows: plain(visits.by_purpose) },
    { name: 'notices', head: ['count'], rows: plain({ count: notices.count, readers: notices.readers }) },
    { name: 'themes', head: ['count'], rows: plain(notices.by_theme) },
    { name: 'orders', head: ['count', 'done'], rows: Object.entries(orders).map(([code, { count, done }]) => ({ code, numbers: [count, done] })) },
    { name: 'evacuations', head: ['count'], rows: plain({ count: evacuations.count, people: evacuations.people, accounted: evacuations.accounted, moved: evacuations.moved }) },
    { name: 'musters', head: ['count'], rows: plain({ count: musters.count, answered: musters.answered, coming: musters.coming, arrived: musters.arrived }) },
    { name: 'warnings', head: ['count', 'heard', 'acknowledged', 'posts', 'need_help'], rows: Object.entries(published.warnings).map(([code, { count, heard, acknowledged, posts, need_help }]) => ({ code, numbers: [count, heard, acknowledged, posts, need_help] })) },
    { name: 'grids', head: ['count'], rows: plain(published.grids) },
    { name: 'people', head: ['count'], rows: plain(published.people) },
  ]
  return all.filter(({ rows }) => rows.length > 0)
}
