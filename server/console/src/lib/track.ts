/** A patrol's path as a drawing of its own: north is up, and a metre is as long in every direction. */
import type { MapShown, Position, TrackShown } from '@/api/types'

export interface Stretch {
  points: [number, number][]
  from: number
  to: number
  isCoarse: boolean
}

type Ring = [number, number][]

/** Longitude and latitude of every stretch, with when it was begun and ended. */
export function stretches(track: TrackShown): Stretch[] {
  return track.features.map(({ geometry, properties }) => {
    const { type, coordinates } = geometry as { type: string; coordinates: unknown }
    const points = (type === 'Point' ? [coordinates] : coordinates) as [number, number][]
    const times = properties.times.map((time) => new Date(time).getTime())
    return { points, from: times[0] ?? 0, to: times.at(-1) ?? 0, isCoarse: properties.is_coarse }
  })
}

/** The outlines of a grid, if the map has it. */
export function outlines(map: MapShown | null, grid: string | null): Ring[] {
  const feature = map?.features.find(({ properties }) => properties.id === grid)
  if (!feature) return []
  const { type, coordinates } = feature.geometry as { type: string; coordinates: unknown }
  return type === 'Polygon' ? (coordinates as Ring[]) : (coordinates as Ring[][]).flat()
}

export interface Drawing {
  width: number
  height: number
  /** Metres that a bar of `bar` units stands for. */
  bar_m: number
  bar: number
  at: (longitude: number, latitude: number) => [number, number]
}

const METRES_PER_DEGREE = 111_320
const EDGE = 24
const BARS_M = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000]

/** Fits all of it into a drawing of this width. */
export function drawing(points: [number, number][], width: number, most: number): Drawing {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)]
  const [west, east, south, north] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  const shrink = Math.cos((((south + north) / 2) * Math.PI) / 180)
  // One who stood still is not blown up to nothing but noise.
  const wide_m = Math.max((east - west) * shrink * METRES_PER_DEGREE, 50)
  const high_m = Math.max((north - south) * METRES_PER_DEGREE, 50)
  const scale = Math.min((width - 2 * EDGE) / wide_m, (most - 2 * EDGE) / high_m)
  const height = high_m * scale + 2 * EDGE
  const left = (width - wide_m * scale) / 2
  const bar_m = BARS_M.filter((metres) => metres * scale <= width / 4).at(-1) ?? 10
  const at = (longitude: number, latitude: number): [number, number] => [
    left + (longitude - west) * shrink * METRES_PER_DEGREE * scale,
    EDGE + (north - latitude) * METRES_PER_DEGREE * scale,
  ]
  return { width, height, bar_m, bar: bar_m * scale, at }
}

export const line = (points: [number, number][], { at }: Drawing): string =>
  points.map(([x, y]) => at(x, y).map((value) => value.toFixed(1)).join(',')).join(' ')

export const spot = ({ longitude, latitude }: Position): [number, number] => [longitude, latitude]

interface Walked {
  grid: string | null
  started_at: string | number
  state: string
  tracked_s: number
  distance_m: number
  visited: number
  left: number
  gaps: number
}

export interface Covered {
  grid: string
  patrols: number
  last_at: string | number | null
  hours: number
  kilometres: number
  visited: number
  left: number
  gaps: number
}

/** How each grid was walked: by place and never by person. Grids that nobody walked come first. */
export function coverage(grids: string[], patrols: Walked[]): Covered[] {
  const covered = grids.map((grid) => {
    const own = patrols.filter((patrol) => patrol.grid === grid)
    const sum = (of: (patrol: Walked) => number): number => own.reduce((total, patrol) => total + of(patrol), 0)
    const last_at = own.map(({ started_at }) => started_at).sort((a, b) => new Date(b).getTime() - new Date(a).getTime())[0] ?? null
    return { grid, patrols: own.length, last_at, hours: sum(({ tracked_s }) => tracked_s) / 3600, kilometres: sum(({ distance_m }) => distance_m) / 1000, visited: sum(({ visited }) => visited), left: sum(({ left }) => left), gaps: sum(({ gaps }) => gaps) }
  })
  const since = ({ last_at }: Covered): number => (last_at === null ? 0 : new Date(last_at).getTime())
  return covered.sort((a, b) => since(a) - since(b))
}
