import { describe, expect, it } from 'vitest'
import { drawingOn, fromGcj02, redrawn, toGcj02, type Spot } from '@/lib/map/shift'

/** As core/src/geo/shift.rs has them, from eviltransform and coordtransform: WGS-84, then GCJ-02. */
const POINTS: [Spot, Spot][] = [
  [[121.5272106, 31.1774276], [121.531541859215, 31.17530398364597]],
  [[113.912316, 22.543847], [113.9171764808363, 22.540796131694766]],
  [[116.377817, 39.911954], [116.38404722455657, 39.91334545536069]],
  [[116.404, 39.915], [116.41024449916938, 39.91640428150164]],
]
const near = (found: Spot, wanted: Spot, within: number): void => {
  expect(Math.abs(found[0] - wanted[0])).toBeLessThan(within)
  expect(Math.abs(found[1] - wanted[1])).toBeLessThan(within)
}

describe('tiles in GCJ-02', () => {
  it('meet published points both ways', () => {
    for (const [plain, shifted] of POINTS) {
      near(toGcj02(plain), shifted, 1e-11)
      near(fromGcj02(shifted), plain, 1e-11)
    }
    near(fromGcj02([123, 45]), [122.99395597, 44.99804071], 1e-6)
  })

  it('lose less than a millimetre there and back, all over China', () => {
    for (let longitude = 73; longitude < 136; longitude += 3.7) {
      for (let latitude = 3; latitude < 54; latitude += 2.9) near(fromGcj02(toGcj02([longitude, latitude])), [longitude, latitude], 1e-9)
    }
  })

  it('leave places abroad where they are', () => {
    expect(toGcj02([2.3522, 48.8566])).toEqual([2.3522, 48.8566])
    expect(fromGcj02([2.3522, 48.8566])).toEqual([2.3522, 48.8566])
  })

  it('shift what is drawn, and nothing on a plain ground or on tiles in WGS-84', () => {
    const line = [[116.404, 39.915], [116.377817, 39.911954]]
    expect(redrawn(line, drawingOn(null).draw)).toEqual(line)
    expect(redrawn(line, drawingOn({ is_gcj02: false }).draw)).toEqual(line)
    const drawing = drawingOn({ is_gcj02: true })
    const drawn = redrawn([[line]], drawing.draw)
    expect(drawn[0]?.[0]).not.toEqual(line)
    const back = redrawn(drawn, drawing.read)
    back[0]?.[0]?.forEach((spot, index) => near(spot as Spot, line[index] as Spot, 1e-11))
  })
})
