/**
 * Between WGS-84 and the shifted coordinates of Chinese base maps (GCJ-02), for drawing alone: what is kept, sent or
 * shown in numbers is WGS-84. The same formulas as core/src/geo/shift.rs.
 */

/** Longitude and latitude in degrees, as GeoJSON has them. */
export type Spot = [longitude: number, latitude: number]

/** Krasovsky 1940, the ellipsoid that the shift is computed on. */
const SEMI_MAJOR_AXIS_M = 6_378_245
const ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943
/** Each round of an inversion leaves less than a hundredth of the error before it. */
const ROUNDS = 6

/** The rectangle that all open implementations use. */
function isInChina([longitude, latitude]: Spot): boolean {
  return latitude >= 0.8293 && latitude <= 55.8271 && longitude >= 72.004 && longitude <= 137.8347
}

const wave = (amplitude: number, phase: number): number => amplitude * Math.sin(phase * Math.PI)
const radians = (degrees: number): number => (degrees * Math.PI) / 180
const degrees = (angle: number): number => (angle * 180) / Math.PI

function offset_m(x: number, y: number): [east: number, north: number] {
  const shared = wave(20, 6 * x) + wave(20, 2 * x)
  const eastWaves = wave(20, x) + wave(40, x / 3) + wave(150, x / 12) + wave(300, x / 30)
  const northWaves = wave(20, y) + wave(40, y / 3) + wave(160, y / 12) + wave(320, y / 30)
  const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x))
  const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x))
  return [east + ((shared + eastWaves) * 2) / 3, north + ((shared + northWaves) * 2) / 3]
}

function withOffset([longitude, latitude]: Spot): Spot {
  const [east_m, north_m] = offset_m(longitude - 105, latitude - 35)
  const bend = 1 - ECCENTRICITY_SQUARED * Math.sin(radians(latitude)) ** 2
  const meridian = (SEMI_MAJOR_AXIS_M * (1 - ECCENTRICITY_SQUARED)) / (bend * Math.sqrt(bend))
  const parallel = (SEMI_MAJOR_AXIS_M / Math.sqrt(bend)) * Math.cos(radians(latitude))
  return [longitude + degrees(east_m / parallel), latitude + degrees(north_m / meridian)]
}

/** WGS-84 to GCJ-02; unchanged outside China. */
export function toGcj02(spot: Spot): Spot {
  return isInChina(spot) ? withOffset(spot) : spot
}

/** GCJ-02 to WGS-84; unchanged outside China. */
export function fromGcj02(spot: Spot): Spot {
  if (!isInChina(spot)) return spot
  let [longitude, latitude] = spot
  for (let round = 0; round < ROUNDS; round += 1) {
    const there = withOffset([longitude, latitude])
    longitude -= there[0] - spot[0]
    latitude -= there[1] - spot[1]
  }
  return [longitude, latitude]
}

/** How a map draws places, and what place somebody pointed at. */
export interface Drawing {
  draw: (spot: Spot) => Spot
  read: (spot: Spot) => Spot
}

const PLAIN: Drawing = { draw: (spot) => spot, read: (spot) => spot }
const SHIFTED: Drawing = { draw: toGcj02, read: fromGcj02 }

/** On tiles in GCJ-02 everything is drawn shifted, so that it lies where it is. */
export function drawingOn(base: { is_gcj02?: boolean | null } | null): Drawing {
  return base?.is_gcj02 ? SHIFTED : PLAIN
}

/** Every place of a GeoJSON geometry; its nesting stays. */
export function redrawn<T>(coordinates: T, draw: (spot: Spot) => Spot): T {
  if (!Array.isArray(coordinates)) return coordinates
  if (typeof coordinates[0] === 'number') return draw([coordinates[0], coordinates[1] as number]) as T
  return coordinates.map((inner: unknown) => redrawn(inner, draw)) as T
}
