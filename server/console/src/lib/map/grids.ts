/** The township's grids as a map shows them: where they lie, what hangs below what, what is open in each. */
import type { GridKind, IncidentRow, IncidentState, MapShown } from '@/api/types'
import { middleOf, polygonsOf, type Polygon } from './geometry'
import type { Spot } from './shift'

export interface MapGrid {
  id: string
  name: string
  kind: GridKind
  parent: string | null
  polygons: Polygon[]
  /** Where its name stands. */
  middle: Spot
  /** 0 for the uppermost. */
  depth: number
}

export function readGrids(shown: MapShown): Map<string, MapGrid> {
  const grids = new Map<string, MapGrid>()
  for (const { properties, geometry } of shown.features) {
    const polygons = polygonsOf(geometry)
    const { id, name, kind, parent } = properties
    grids.set(id, { id, name, kind, parent, polygons, middle: middleOf(polygons), depth: 0 })
  }
  for (const grid of grids.values()) {
    for (let above = grid.parent ? grids.get(grid.parent) : undefined; above && grid.depth < 10; above = above.parent ? grids.get(above.parent) : undefined) grid.depth += 1
  }
  return grids
}

const SETTLED: IncidentState[] = ['closed', 'rated', 'rejected', 'duplicate']

/** Somebody in the township still has something to do. */
export function isOpen(state: IncidentState): boolean {
  return !SETTLED.includes(state)
}

export function isLate(row: Pick<IncidentRow, 'due_at'>, now: number): boolean {
  return row.due_at !== null && new Date(row.due_at).getTime() < now
}

/** Just after the last due time that has passed: changes when something becomes late, and not with every tick. */
export function momentOf(rows: Iterable<Pick<IncidentRow, 'due_at'>>, now: number): number {
  let last = 0
  for (const { due_at } of rows) {
    const due = due_at === null ? Number.NaN : new Date(due_at).getTime()
    if (due < now && due > last) last = due
  }
  return last + 1
}

export interface Tally {
  open: number
  late: number
  urgent: number
}

/** What is open in each grid, by its own id alone; `null` for what has no grid yet. */
export function tally(rows: Iterable<IncidentRow>, now: number): Map<string | null, Tally> {
  const tallies = new Map<string | null, Tally>()
  for (const row of rows) {
    const found = tallies.get(row.grid) ?? { open: 0, late: 0, urgent: 0 }
    found.open += 1
    if (isLate(row, now)) found.late += 1
    if (row.severity === 'urgent') found.urgent += 1
    tallies.set(row.grid, found)
  }
  return tallies
}

const STEPS = [1, 3, 6, 11]

/** 0 for nothing open, up to 4. */
export function shadeOf(open: number): number {
  return STEPS.filter((step) => open >= step).length
}

/** What each shade stands for, as words of a legend. */
export const SHADES = ['0', '1–2', '3–5', '6–10', '11+'] as const

/** A grid with all that hang below it. */
export function withBelow(id: string, grids: Map<string, MapGrid>): Set<string> {
  const found = new Set([id])
  let size = 0
  while (size !== found.size) {
    size = found.size
    for (const grid of grids.values()) if (grid.parent && found.has(grid.parent)) found.add(grid.id)
  }
  return found
}

/** The grid whose area holds a place: the lowest of the tree, then the smallest. Twins of chat groups hold none. */
export function gridAt(spot: Spot, grids: Iterable<MapGrid>, isInside: (spot: Spot, polygons: Polygon[]) => boolean): MapGrid | null {
  let found: MapGrid | null = null
  for (const grid of grids) {
    if (grid.kind === 'online' || !isInside(spot, grid.polygons)) continue
    if (!found || grid.depth > found.depth) found = grid
  }
  return found
}
