/** A township of 334 grids with 2,000 open incidents: how soon the map is there is told, not judged. */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { accessible, expect, login, test, watched } from './test.ts'
import { Relay } from './relay.ts'

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '../../../docs/screens/console')
const [COLUMNS, GRIDS, INCIDENTS] = [19, 334, 2000]
const CATEGORIES = ['fire', 'dispute', 'ecology', 'sanitation', 'order', 'relief', 'food_safety', 'counterfeit', 'disaster', 'illegal_trading']
const SEVERITIES = ['low', 'normal', 'normal', 'high', 'urgent']

/** Always the same disorder. */
function noise(seed: number): number {
  const value = Math.sin(seed * 127.1 + 311.7) * 43758.5453
  return value - Math.floor(value)
}
const corner = (column: number, row: number): [number, number] => {
  const at = row * (COLUMNS + 1) + column
  return [119.5 + (column + 0.55 * noise(at)) * 0.006, 29.05 + (row + 0.55 * noise(at + 5000)) * 0.0055]
}
const FEATURES = Array.from({ length: GRIDS }, (_, index) => {
  const [column, row] = [index % COLUMNS, Math.floor(index / COLUMNS)]
  const ring = [corner(column, row), corner(column + 1, row), corner(column + 1, row + 1), corner(column, row + 1), corner(column, row)]
  return { type: 'Feature', properties: { id: `w${index + 1}`, name: `微网格${index + 1}`, kind: 'village' }, geometry: { type: 'Polygon', coordinates: [ring] } }
})

let relay: Relay
let faults: string[]

async function picture(page: Page, name: string): Promise<void> {
  if (!process.env.SUISHOU_SCREENS) return
  mkdirSync(FOLDER, { recursive: true })
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' })
}

test.beforeAll(async () => {
  test.setTimeout(300_000)
  relay = await Relay.start()
  await relay.ask('PUT', '/api/grids', JSON.stringify({ type: 'FeatureCollection', features: FEATURES }), 'application/geo+json')
  await relay.operator('lin', '林晓', ['dispatcher', 'leader'])
  let next = 0
  const send = async (): Promise<void> => {
    while (next < INCIDENTS) {
      const number = (next += 1)
      const index = Math.floor(noise(number) ** 2 * GRIDS)
      const [column, row] = [index % COLUMNS, Math.floor(index / COLUMNS)]
      const [longitude, latitude] = [119.5 + (column + 0.2 + 0.7 * noise(number + 1e4)) * 0.006, 29.05 + (row + 0.2 + 0.7 * noise(number + 2e4)) * 0.0055]
      await relay.ask('POST', '/api/incidents', { text: `第 ${number} 件`, category: CATEGORIES[number % CATEGORIES.length], severity: SEVERITIES[number % SEVERITIES.length], grid: `w${index + 1}`, latitude, longitude })
    }
  }
  await Promise.all(Array.from({ length: 24 }, send))
})
test.afterAll(() => relay.end())

test(`the map of ${GRIDS} grids and ${INCIDENTS} incidents`, async ({ page }) => {
  test.setTimeout(120_000)
  faults = []
  watched(page, relay, faults, () => false)
  await login(page, relay, 'lin')
  for (const visit of ['first', 'again']) {
    await page.goto(`${relay.base}/#/queue`)
    await expect(page.getByRole('option').first()).toBeVisible()
    await page.evaluate(() => performance.clearMarks())
    await page.getByRole('link', { name: '地图' }).click()
    await expect(page.locator('[data-state="there"][data-complete="true"]')).toBeVisible({ timeout: 30_000 })
    const told = await page.evaluate(() => {
      const at = (name: string): number => performance.getEntriesByName(name)[0]?.startTime ?? Number.NaN
      const asked = at('map:asked')
      const since = (name: string): number => Math.round(at(name) - asked)
      return { engine: since('map:engine'), grids: since('map:grids'), drawn: since('map:drawn'), points: since('map:points'), idle: since('map:there') }
    })
    process.stdout.write(`map, ${visit}: library ${told.engine} ms, grids there ${told.grids} ms, first picture ${told.drawn} ms, idle ${told.idle} ms, all points there ${told.points} ms (software WebGL)\n`)
    await expect(page.locator('label', { hasText: '事件' })).toContainText(String(INCIDENTS))
  }
  await picture(page, 'map-large-light')
  await accessible(page)
  await page.setViewportSize({ width: 1920, height: 1080 })
  await page.goto(`${relay.base}/#/wall`)
  await expect(page.locator('[data-state="there"]')).toBeVisible({ timeout: 30_000 })
  await expect(page.locator('.number').nth(2)).toContainText(String(INCIDENTS))
  await picture(page, 'wall-large')
  expect(faults).toEqual([])
})
