/** The ground under the grids: a file, an address, none. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { accessible, expect, login, test, watched } from './test.ts'
import { Relay } from './relay.ts'

const HERE = dirname(fileURLToPath(import.meta.url))
const FOLDER = join(HERE, '../../../docs/screens/console')
/** The smallest picture there is. */
const DOT = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

let relay: Relay
let faults: string[]
let folder: string
let service: Server
/** What somebody's tile service was asked for. */
const served: string[] = []

async function picture(page: Page, name: string): Promise<void> {
  if (!process.env.SUISHOU_SCREENS) return
  mkdirSync(FOLDER, { recursive: true })
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' })
}

test.beforeAll(async () => {
  relay = await Relay.start()
  await relay.fill()
  await relay.reports()
  await relay.operator('chen', '陈主任', ['administrator', 'dispatcher'])
  folder = mkdtempSync(join(tmpdir(), 'suishou-tiles-'))
  execFileSync('python3', [join(HERE, 'tiles.py'), join(folder, 'map.mbtiles'), '115.5', '22.8', '115.75', '23.0'])
  service = createServer((request, response) => {
    served.push(request.url ?? '')
    response.writeHead(200, { 'content-type': 'image/png', 'access-control-allow-origin': '*' }).end(DOT)
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
})
test.afterAll(async () => {
  await relay.end()
  rmSync(folder, { recursive: true, force: true })
  service.close()
})

test('a file of tiles is loaded, lies under the grids and goes again', async ({ page }) => {
  test.setTimeout(120_000)
  faults = []
  watched(page, relay, faults, (url, status) => status === 422 && url.includes('/api/basemap/file'))
  const tiles: string[] = []
  page.on('response', (response) => {
    if (response.url().includes('/tiles/')) tiles.push(`${response.status()} ${new URL(response.url()).pathname}`)
  })
  await login(page, relay, 'chen')
  await page.goto(`${relay.base}/#/house/basemap`)
  await expect(page.getByText('没有底图', { exact: true })).toBeVisible()
  await expect(page.locator('[data-state="there"]')).toBeVisible({ timeout: 20_000 })
  await accessible(page)
  await picture(page, 'basemap-none-light')
  const input = page.getByLabel('底图文件（MBTiles）')
  await input.setInputFiles({ name: '不是地图.mbtiles', mimeType: 'application/octet-stream', buffer: Buffer.from('not a map') })
  await expect(page.getByRole('alert')).not.toBeEmpty()
  expect(tiles).toEqual([])
  await input.setInputFiles(join(folder, 'map.mbtiles'))
  await expect(page.getByText('底图已经换好。')).toBeVisible()
  await expect(page.getByText('离线文件 桥头镇影像')).toBeVisible()
  await expect(page.getByRole('region', { name: '预览' }).getByText('测绘示意 2026')).toBeVisible()
  await expect.poll(() => tiles.length).toBeGreaterThan(0)
  await accessible(page)
  await picture(page, 'basemap-file-light')
  await page.goto(`${relay.base}/#/map`)
  await expect(page.locator('[data-state="there"]')).toBeVisible({ timeout: 20_000 })
  await picture(page, 'map-tiles-light')
  expect(tiles.filter((tile) => !tile.startsWith('200'))).toEqual([])
  await page.goto(`${relay.base}/#/house/basemap`)
  await page.getByRole('button', { name: '不用底图' }).click()
  await page.getByRole('dialog').getByRole('button', { name: '不用底图' }).click()
  await expect(page.getByText('没有底图', { exact: true })).toBeVisible()
  expect(faults).toEqual([])
})

test('tiles come from an address, from there alone, and only after it was chosen', async ({ page }) => {
  faults = []
  const address = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  watched(page, relay, faults)
  await login(page, relay, 'chen')
  await page.goto(`${relay.base}/#/house/basemap`)
  const box = page.getByLabel('瓦片地址（含密钥）')
  const use = page.getByRole('button', { name: '使用这个地址' })
  for (const [wrong, why] of [['tiles/{z}/{x}/{y}', '地址要以 http'], [`${address}/{z}/{x}`, '地址里要有 {z}'], [`${address}/{z}/{x}/{y}?tk=`, '密钥还没有填进地址']] as const) {
    await box.fill(wrong)
    await expect(page.getByText(why)).toBeVisible()
    await expect(use).toBeDisabled()
  }
  await box.fill(`${address}/{z}/{x}/{y}.png?tk=secret`)
  await page.getByLabel('图上注明的来源').fill('天地图 GS(2026)0000 号')
  expect(served).toEqual([])
  await use.click()
  await expect(page.getByText('天地图 GS(2026)0000 号').first()).toBeVisible()
  await expect.poll(() => served.length, { timeout: 20_000 }).toBeGreaterThan(0)
  expect(served.every((path) => /^\/\d+\/\d+\/\d+\.png\?tk=secret$/.test(path))).toBe(true)
  // Tiles, and nothing else, from there.
  expect(faults.filter((fault) => !fault.startsWith(`elsewhere: ${address}/`))).toEqual([])
  await relay.ask('DELETE', '/api/basemap')
})

test('on tiles in GCJ-02 everything is drawn shifted, and what is pointed at is WGS-84', async ({ page }) => {
  faults = []
  watched(page, relay, faults)
  await login(page, relay, 'chen')
  await page.goto(`${relay.base}/#/house/basemap`)
  await page.getByText('这是火星坐标').first().click()
  await page.getByLabel('底图文件（MBTiles）').setInputFiles(join(folder, 'map.mbtiles'))
  await expect(page.getByText('画图时自动纠偏')).toBeVisible()
  await page.goto(`${relay.base}/#/people/draw`)
  await page.getByText('新画一个').click()
  await expect(page.locator('[data-state="there"]')).toBeVisible({ timeout: 20_000 })
  await page.locator('canvas.maplibregl-canvas').click()
  // The middle of the six grids; unshifted it would be half a kilometre off.
  await expect(page.getByLabel('角点')).toHaveValue(/^115\.6(29|30)\d*, 22\.9(19|20)\d*$/)
  await picture(page, 'draw-gcj02-light')
  await relay.ask('DELETE', '/api/basemap')
  expect(faults).toEqual([])
})
