/** Corners that are put where a neighbour's boundary is: grids should meet without a gap. */
import { metres, nearestOn, sides, type Polygon } from './geometry'
import type { Spot } from './shift'

/** A corner within `within_m` of a place, else the nearest place of a side, else the place itself. */
export function snapped(spot: Spot, areas: Polygon[][], within_m: number): Spot {
  let corner: Spot | null = null
  let side: Spot | null = null
  let [nearestCorner, nearestSide] = [within_m, within_m]
  for (const polygon of areas.flat()) {
    for (const ring of polygon) {
      for (const ends of sides(ring)) {
        const off = metres(ends[0], spot)
        if (off <= nearestCorner) [nearestCorner, corner] = [off, ends[0]]
        const on = nearestOn(spot, ends).spot
        const away = metres(on, spot)
        if (away <= nearestSide) [nearestSide, side] = [away, on]
      }
    }
  }
  return corner ?? side ?? spot
}
