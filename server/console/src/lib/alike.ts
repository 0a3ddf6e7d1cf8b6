/** Which other open reports may be about the same thing: same category and close in place and time. */

interface Row {
  document: string
  category: string
  grid: string | null
  position: { latitude: number; longitude: number } | null
  reported_at: string | number
  state: string
}

const NEAR_M = 300
const NEAR_MS = 48 * 3_600_000
const EARTH_M = 6_371_000

export function metres(a: { latitude: number; longitude: number }, b: { latitude: number; longitude: number }): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180
  const x = radians(b.longitude - a.longitude) * Math.cos(radians((a.latitude + b.latitude) / 2))
  const y = radians(b.latitude - a.latitude)
  return Math.hypot(x, y) * EARTH_M
}

export function alike<T extends Row>(rows: T[], to: Row): T[] {
  const at = new Date(to.reported_at).getTime()
  return rows.filter((row) => {
    if (row.document === to.document || row.category !== to.category || row.state === 'duplicate') return false
    if (Math.abs(new Date(row.reported_at).getTime() - at) > NEAR_MS) return false
    return row.position && to.position ? metres(row.position, to.position) <= NEAR_M : row.grid !== null && row.grid === to.grid
  })
}
