/** The map, the wall and what is drawn on them, against a real relay. */
import { mkdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { accessible, choose, expect, login, logout, test, watched } from './test.ts'
import { Relay } from './relay.ts'

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '../../../docs/screens/console')

let relay: Relay
let faults: string[]

async function picture(page: Page, name: string): Promise<void> {
  if (!process.env.SUISHOU_SCREENS) return
  mkdirSync(FOLDER, { recursive: true })
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' })
}

async function drawn(page: Page): Promise<void> {
  await expect(page.locator('[data-state="there"]')).toBeVisible({ timeout: 20_000 })
}

/** A relay from before base maps has no such route. */
const isBasemap = (url: string, status: number): boolean => status === 404 && url.endsWith('/api/basemap')

test.beforeAll(async () => {
  relay = await Relay.start()
  await relay.fill()
  await relay.reports()
  await relay.operator('lin', '林晓', ['dispatcher', 'leader'])
  await relay.operator('chen', '陈主任', ['administrator', 'dispatcher'])
  await relay.operator('han', '韩警官', ['handler'], 'police')
  const until_at = new Date(Date.now() + 86_400_000).toISOString()
  const posts = [
    { id: 1, name: '上坝危房三户', grid: 'g2', member: 'm2', position: { latitude: 22.912, longitude: 115.632 } },
    { id: 2, name: '河口河滩', grid: 'g5' },
  ]
  await relay.ask('POST', '/api/warnings', { hazard: 'rainstorm', level: 'orange', title: '暴雨橙色预警', text: '请检查危房、河道、低洼路段。', until_at, audience: { grids: ['g2', 'g5'] }, posts, asks_report: true })
})
test.afterAll(() => relay.end())
test.beforeEach(({ page }) => {
  faults = []
  watched(page, relay, faults, isBasemap)
})
test.afterEach(() => expect(faults).toEqual([]))

async function dark(page: Page): Promise<void> {
  await page.getByRole('button', { name: '深色/浅色' }).click()
}

test('the map shows the township, and everything on it stands in lists', async ({ page }) => {
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/map`)
  await drawn(page)
  const lists = page.getByRole('region', { name: '图层与清单' })
  await expect(lists.getByRole('button', { name: /制假售假 石桥社区/ })).toBeVisible()
  await expect(lists.getByRole('link', { name: /橙色 暴雨橙色预警/ })).toBeVisible()
  await expect(lists.getByRole('button', { name: /上坝危房三户 李强 还没有报告/ })).toBeVisible()
  await accessible(page)
  await picture(page, 'map-light')
  // By keyboard alone: a grid from the list, its work, and the way to the queue.
  await lists.getByRole('button', { name: '南山村', exact: true }).focus()
  await page.keyboard.press('Enter')
  const panel = page.getByRole('complementary', { name: '南山村' })
  await expect(panel.getByText('未办结 2 件')).toBeVisible()
  await accessible(page)
  await panel.getByRole('button', { name: /后山冒烟/ }).click()
  await expect(page.getByRole('complementary', { name: '消防安全' }).getByText('后山冒烟，已经看到火光')).toBeVisible()
  await picture(page, 'map-incident-light')
  await page.reload()
  await expect(page.getByText('后山冒烟，已经看到火光')).toBeVisible()
  await dark(page)
  await drawn(page)
  await accessible(page)
  await picture(page, 'map-dark')
  await page.getByRole('link', { name: '打开办理' }).click()
  await expect(page.getByRole('article').getByText('后山冒烟，已经看到火光')).toBeVisible()
})

test('a click on the map opens what lies there, and a layer goes and comes', async ({ page }) => {
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/map`)
  await drawn(page)
  await page.getByLabel('事件', { exact: false }).and(page.getByRole('checkbox')).first().uncheck()
  await page.getByRole('checkbox', { name: /风险点/ }).uncheck()
  const plan = page.locator('canvas.maplibregl-canvas')
  const box = (await plan.boundingBox())!
  await page.mouse.click(box.x + box.width / 2, box.y + box.height * 0.72)
  await expect(page.getByRole('complementary')).toBeVisible()
  await expect(page.getByRole('complementary').getByText('村（社区）')).toBeVisible()
  await page.reload()
  await drawn(page)
  await expect(page.getByRole('checkbox', { name: /风险点/ })).not.toBeChecked()
})

test('the map is live', async ({ page }) => {
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/map`)
  await drawn(page)
  const lists = page.getByRole('region', { name: '图层与清单' })
  await expect(lists.getByRole('checkbox', { name: /事件/ })).toBeVisible()
  const before = Number(/\d+/.exec(await lists.locator('label', { hasText: '事件' }).innerText())?.[0])
  const id = await relay.report('地图上新来的一件', 'sanitation', 'high', 'g6')
  await expect(lists.locator('label', { hasText: '事件' })).toContainText(String(before + 1), { timeout: 2000 })
  await relay.ask('POST', `/api/incidents/${id}/steps`, { kind: 'accepted' })
  await relay.ask('POST', `/api/incidents/${id}/steps`, { kind: 'closed', remark: '已清理' })
  await expect(lists.locator('label', { hasText: '事件' })).toContainText(new RegExp(`\\b${before}\\b`), { timeout: 2000 })
})

test('people on patrol are looked up only if somebody wants it', async ({ page }) => {
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/map`)
  await drawn(page)
  expect(asked.filter((path) => path.startsWith('/api/patrols') || path === '/api/members')).toEqual([])
  await page.getByRole('checkbox', { name: '巡查人员' }).check()
  await expect(page.getByText('现在没有人在巡查。')).toBeVisible()
  expect(asked.filter((path) => path === '/api/patrols')).toHaveLength(1)
  // The next one at this screen asks anew.
  await page.reload()
  await drawn(page)
  await expect(page.getByRole('checkbox', { name: '巡查人员' })).not.toBeChecked()
})

test('who is on patrol stands where the phone last told, and who did not agree to that only in the list', async ({ page }) => {
  const row = { author: 'person 1', distance_m: 1860, finished_at: null, gaps: 1, incidents: 0, left: 2, visited: 3, started_at: '2026-11-23T01:00:00Z', state: 'running', is_overdue: false, seq: 1 }
  const document = (last: string): string => `00000000-0000-7000-8000-00000000000${last}`
  const patrols = [{ ...row, document: document('1'), grid: 'g2', member: 'm2', tracked_s: 1200 }, { ...row, document: document('2'), grid: 'g1', member: 'm1', tracked_s: 0 }]
  const line = (coordinates: [number, number][], from: number) => ({ type: 'Feature', properties: { is_coarse: false, times: coordinates.map((_, index) => new Date(from + index * 60_000).toISOString()) }, geometry: { type: 'LineString', coordinates } })
  const began = Date.parse('2026-11-23T01:00:00Z')
  const features = [line([[115.622, 22.903], [115.626, 22.906], [115.629, 22.905]], began), line([[115.634, 22.909], [115.636, 22.914]], began + 900_000)]
  const tracks: string[] = []
  await page.route(/\/api\/patrols\?/, (route) => route.fulfill({ json: { patrols } }))
  await page.route(/\/api\/patrols\/.*\/track/, (route) => {
    tracks.push(route.request().url())
    return route.fulfill({ json: { type: 'FeatureCollection', features } })
  })
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/map`)
  await drawn(page)
  await page.getByRole('checkbox', { name: '巡查人员' }).check()
  await expect(page.getByRole('button', { name: '王芳 桥头村 没有位置' })).toBeVisible()
  await page.getByRole('button', { name: /李强 上坝村 最后位置 2026-11-23 09:16/ }).click()
  const panel = page.getByRole('complementary', { name: '李强' })
  await expect(panel.getByText('1.9 km')).toBeVisible()
  await expect(panel.getByText('3 / 5')).toBeVisible()
  // Nobody's path is asked for who sent none, and none twice in a minute.
  expect(tracks.map((url) => new URL(url).pathname)).toEqual([`/api/patrols/${document('1')}/track`])
  await accessible(page)
  await picture(page, 'map-patrol-light')
})

test('the map is usable on a narrow screen, and by nobody who may not', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/map`)
  await drawn(page)
  await accessible(page)
  await picture(page, 'map-390')
  await logout(page)
  await login(page, relay, 'han')
  for (const path of ['map', 'wall']) {
    await page.goto(`${relay.base}/#/${path}`)
    await expect(page.getByRole('heading', { name: '派出所' })).toBeVisible()
  }
})

test('the wall turns by itself and names nobody', async ({ page }) => {
  test.setTimeout(90_000)
  await page.setViewportSize({ width: 1920, height: 1080 })
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/wall`)
  await drawn(page)
  await expect(page.getByRole('heading', { name: '未办结 · 按类别' })).toBeVisible()
  const size = (locator: string): Promise<number> => page.locator(locator).first().evaluate((element) => parseFloat(getComputedStyle(element).fontSize))
  // From five metres a letter needs some 15 mm: on a wall of 1.2 m width 24 of 1,920 pixels.
  for (const words of ['.number span', '.bars .name', '.bars .value', '.clock', 'h2', '.fresh']) expect(await size(words), words).toBeGreaterThanOrEqual(24)
  await accessible(page)
  await picture(page, 'wall-categories')
  await page.clock.install()
  for (const [heading, name] of [['预警', 'warnings'], ['未办结 · 按网格', 'grids'], ['最近七天收到', 'week'], ['未办结 · 按类别', '']] as const) {
    await page.keyboard.press('ArrowRight')
    await expect(page.getByRole('heading', { name: heading, exact: true })).toBeVisible()
    if (name) {
      await accessible(page)
      await picture(page, `wall-${name}`)
    }
  }
  const words = await page.getByRole('main').innerText()
  for (const personal of ['王芳', '李强', '陈志明', '林晓', '危房三户', '神药', '138']) expect(words).not.toContain(personal)
  await page.clock.runFor(15_500)
  await expect(page.getByRole('heading', { name: '预警', exact: true })).toBeVisible()
  await page.keyboard.press(' ')
  await expect(page.getByRole('button', { name: '继续轮播' })).toBeVisible()
  await page.clock.runFor(60_000)
  await expect(page.getByRole('heading', { name: '预警', exact: true })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('heading', { name: '地图' })).toBeVisible()
})

test('a warning stands on the map with its people, and what they answer comes in', async ({ page }) => {
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/orders/warnings`)
  await page.getByRole('link', { name: '暴雨橙色预警' }).click()
  await drawn(page)
  await accessible(page)
  await picture(page, 'warning-map-light')
  const { warnings } = await relay.ask<{ warnings: { document: string; title: string }[] }>('GET', '/api/warnings')
  const id = warnings.find(({ title }) => title === '暴雨橙色预警')?.document
  await expect(page.getByText('已确认 0 人')).toBeVisible()
  await relay.ask('POST', `/api/warnings/${id}/steps`, { kind: 'acknowledged', member: 'm2' })
  await expect(page.getByText('已确认 1 人')).toBeVisible({ timeout: 2000 })
  await relay.ask('POST', `/api/warnings/${id}/steps`, { kind: 'reported', member: 'm2', post: 1, report: 'need_help' })
  await expect(page.getByRole('table').getByText('需要支援').first()).toBeVisible({ timeout: 2000 })
  await page.goto(`${relay.base}/#/map`)
  await drawn(page)
  await expect(page.getByRole('button', { name: /上坝危房三户 李强 需要支援/ })).toBeVisible()
})

test('a warning is drawn: its grids by click, a risk area with its person', async ({ page }) => {
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/orders/warnings`)
  await page.getByRole('button', { name: '发预警' }).click()
  const dialog = page.getByRole('dialog')
  await choose(page, dialog, '灾种', '森林火险')
  await dialog.getByText('红色').click()
  await dialog.getByLabel('标题').fill('森林火险红色预警')
  await dialog.getByLabel('内容').fill('禁止野外用火')
  await expect(dialog.locator('[data-state="there"]')).toBeVisible({ timeout: 20_000 })
  const plan = dialog.locator('canvas.maplibregl-canvas')
  await plan.scrollIntoViewIfNeeded()
  const box = (await plan.boundingBox())!
  await page.mouse.click(box.x + box.width / 2, box.y + box.height * 0.3)
  await dialog.getByRole('button', { name: '加一个风险点' }).click()
  await dialog.getByLabel('风险点名称 1').fill('后山林缘')
  await choose(page, dialog, '责任人 1', '李强')
  await dialog.getByRole('button', { name: '按网格' }).click()
  await plan.scrollIntoViewIfNeeded()
  const again = (await plan.boundingBox())!
  await page.mouse.click(again.x + again.width / 2 + 20, again.y + again.height * 0.4)
  await expect(dialog.getByRole('button', { name: '位置已定' })).toBeVisible()
  await accessible(page)
  await picture(page, 'warning-draw-light')
  await dialog.getByRole('button', { name: '发出' }).click()
  await expect(page.getByRole('heading', { name: '森林火险红色预警' })).toBeVisible()
  const id = /warnings\/([0-9a-f-]+)/.exec(page.url())?.[1]
  const shown = await relay.ask<{ audience: { grids: string[] }; post_list: { grid: string; position: { latitude: number; longitude: number }; keeper: { member: string } }[] }>('GET', `/api/warnings/${id}`)
  expect(shown.audience.grids).toEqual(['g5'])
  expect(shown.post_list).toMatchObject([{ grid: 'g5', keeper: { member: 'm2' } }])
  const { latitude, longitude } = shown.post_list[0]!.position
  expect(latitude > 22.92 && latitude < 22.94 && longitude > 115.62 && longitude < 115.64).toBe(true)
  await relay.ask('POST', `/api/warnings/${id}/steps`, { kind: 'ended' })
})

test('figures are charts and tables', async ({ page }) => {
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/figures`)
  for (const name of ['闭环', '与上一时段比较', '趋势', '按类别', '办理时长']) {
    const chart = page.getByRole('img', { name: new RegExp(`^${name}`) })
    await expect(chart).toHaveAttribute('data-drawn', 'true')
    await expect(chart.locator('canvas')).toBeVisible()
  }
  await accessible(page)
  await picture(page, 'charts-light')
  await page.getByText('看数字').nth(1).click()
  const table = page.getByRole('region', { name: '与上一时段比较' })
  await expect(table.getByRole('row', { name: /^收到 0 9 \+9$/ })).toBeVisible()
  await accessible(page)
  await dark(page)
  await accessible(page)
  await picture(page, 'charts-dark')
  await page.getByText('表', { exact: true }).click()
  await expect(page.getByText('合计')).toBeVisible()
  expect(page.url()).toContain('view=table')
})

test('without WebGL the map says so and its lists do all the work', async ({ page }) => {
  await page.addInitScript(() => {
    const usual = HTMLCanvasElement.prototype.getContext
    HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string, ...rest: unknown[]) {
      return kind.startsWith('webgl') ? null : (usual as (...all: unknown[]) => unknown).call(this, kind, ...rest)
    } as typeof usual
  })
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/map`)
  await expect(page.getByText('画不了地图')).toBeVisible()
  await page.getByRole('button', { name: '南山村', exact: true }).click()
  await expect(page.getByRole('complementary', { name: '南山村' }).getByText('未办结 2 件')).toBeVisible()
  await accessible(page)
})

test('the queue comes in 350 KB, without map and charts', async ({ page }) => {
  const files: Promise<{ name: string; bytes: number }>[] = []
  page.on('response', (response) => {
    const { pathname } = new URL(response.url())
    if (/\.(m?js|css|html|svg)$|^\/$/.test(pathname)) files.push(response.body().then((body) => ({ name: pathname, bytes: gzipSync(body, { level: 9 }).length })))
  })
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/queue`)
  await page.getByRole('option').first().click()
  await expect(page.getByRole('article')).toBeVisible()
  const all = await Promise.all(files)
  const total = all.reduce((sum, { bytes }) => sum + bytes, 0)
  process.stdout.write(`first load of the queue: ${(total / 1024).toFixed(0)} KB gzip in ${all.length} files, login and one incident included\n`)
  expect(total).toBeLessThanOrEqual(350 * 1024)
  expect(all.filter(({ name }) => /engine|maplibre|echarts|MapView|Chart/.test(name))).toEqual([])
})
