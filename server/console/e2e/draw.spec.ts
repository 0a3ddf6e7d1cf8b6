/** Grids split, merged, drawn and mended on the map. */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { accessible, choose, expect, login, test, watched } from './test.ts'
import { Relay } from './relay.ts'

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '../../../docs/screens/console')

let relay: Relay
let faults: string[]

async function picture(page: Page, name: string): Promise<void> {
  if (!process.env.SUISHOU_SCREENS) return
  mkdirSync(FOLDER, { recursive: true })
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' })
}

interface Shown {
  features: { properties: { id: string; name: string; parent: string | null }; geometry: { type: string; coordinates: [number, number][][] } }[]
}
const grids = async (): Promise<Map<string, Shown['features'][0]>> => new Map((await relay.ask<Shown>('GET', '/api/grids')).features.map((one) => [one.properties.id, one]))

test.beforeEach(async ({ page }) => {
  relay = await Relay.start()
  await relay.fill()
  await relay.reports()
  await relay.operator('chen', '陈主任', ['administrator', 'dispatcher'])
  faults = []
  watched(page, relay, faults, () => false)
  await login(page, relay, 'chen')
  await page.goto(`${relay.base}/#/people/draw`)
  await expect(page.locator('[data-state="there"]')).toBeVisible({ timeout: 20_000 })
})
test.afterEach(async () => {
  await relay.end()
  expect(faults).toEqual([])
})

test('a grid is split without a mouse, and its work is told before and moved after', async ({ page }) => {
  await choose(page, page, '哪个网格', /桥头村/)
  await page.getByLabel('分界线的点').fill('22.9, 115.61')
  await expect(page.getByText('第 1 行不是')).toBeVisible()
  await page.getByLabel('分界线的点').fill('115.61, 22.89\n115.611, 22.91\n115.61, 22.93')
  await expect(page.getByLabel('新编号')).toHaveValue('g1-2')
  await page.getByLabel('名称').fill('桥头村东')
  // The half that lies in the west keeps the number; what lies in the east is told.
  const look = page.getByRole('button', { name: '看会有什么变化' })
  const preview = page.getByRole('region', { name: '看会有什么变化' })
  await look.click()
  await expect(preview.getByText('新增 1 个、修改 1 个、移除 0 个网格，其余 5 个不变。')).toBeVisible()
  if ((await preview.getByText('仍记在原网格名下的事件 1 件').count()) === 0) {
    await page.getByText('深色的一半').click()
    await expect(preview).toBeHidden()
    await look.click()
  }
  await expect(preview.getByText('仍记在原网格名下的事件 1 件')).toBeVisible()
  await expect(preview.getByText('桥头村 → 桥头村东')).toBeVisible()
  expect((await grids()).size).toBe(6)
  await accessible(page)
  await picture(page, 'draw-split-light')
  await preview.getByRole('button', { name: '保存网格' }).click()
  await expect(page.getByText('网格已保存。')).toBeVisible()
  const after = await grids()
  expect([...after.keys()].sort()).toEqual(['g1', 'g1-2', 'g2', 'g3', 'g4', 'g5', 'g6'])
  expect(after.get('g1-2')?.properties).toMatchObject({ name: '桥头村东', parent: null })
  await page.getByRole('button', { name: '把这 1 件改到新网格' }).click()
  await expect(page.getByText('已改 1 件。')).toBeVisible()
  const { incidents } = await relay.ask<{ incidents: { grid: string; excerpt: string }[] }>('GET', '/api/incidents')
  expect(incidents.find(({ excerpt }) => excerpt.includes('路灯'))?.grid).toBe('g1-2')
})

test('a line is drawn with the mouse, and what cuts nothing says why', async ({ page }) => {
  const box = (await page.locator('canvas.maplibregl-canvas').boundingBox())!
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  await page.mouse.click(x, y + 60)
  await expect(page.getByLabel('分界线的点')).toBeVisible()
  const click = async (dx: number, dy: number, twice = false): Promise<void> => (twice ? page.mouse.dblclick(x + dx, y + dy) : page.mouse.click(x + dx, y + dy))
  await click(0, 60)
  await click(30, 80, true)
  await expect(page.getByText('线的两头都要画到网格外面。')).toBeVisible()
  await expect(page.getByRole('button', { name: '看会有什么变化' })).toBeDisabled()
  await page.getByRole('button', { name: '重画' }).click()
  await click(10, -40)
  await click(-10, box.height / 2 - 6, true)
  await expect(page.getByText('哪一半保留“上坝村”')).toBeVisible()
  await picture(page, 'draw-line-light')
})

test('two grids become one: first its people, then its work, then the border', async ({ page }) => {
  await page.getByText('合并', { exact: true }).click()
  await choose(page, page, '哪个网格', /上坝村/)
  await choose(page, page, '并进来的网格（可多选）', /桥头村/)
  await page.keyboard.press('Escape')
  await expect(page.getByText(/王芳、陈志明|陈志明、王芳/)).toBeVisible()
  await expect(page.getByRole('button', { name: '看会有什么变化' })).toBeDisabled()
  await accessible(page)
  await picture(page, 'draw-merge-light')
  await page.getByRole('button', { name: '把 2 人改到“上坝村”' }).click()
  await page.getByRole('button', { name: '看会有什么变化' }).click()
  const preview = page.getByRole('region', { name: '看会有什么变化' })
  await expect(preview.getByText('移除 1 个网格')).toBeVisible()
  await expect(preview.getByText('会换网格的未办结工作 1 件')).toBeVisible()
  await expect(preview.getByText('桥头村 → 上坝村')).toBeVisible()
  await preview.getByRole('button', { name: '保存网格' }).click()
  await expect(page.getByText('网格已保存。')).toBeVisible()
  const after = await grids()
  expect([...after.keys()]).toEqual(['g2', 'g3', 'g4', 'g5', 'g6'])
  expect(after.get('g2')?.geometry.type).toBe('Polygon')
  const { members } = await relay.ask<{ members: { id: string; grids: string[]; phone: string }[] }>('GET', '/api/members')
  expect(members.find(({ id }) => id === 'l1')).toMatchObject({ grids: ['g2', 'g3'], phone: '13800000003' })
  expect(members.find(({ id }) => id === 'm1')?.grids).toEqual(['g2'])
})

test('a new grid is drawn beside a neighbour and meets its border', async ({ page }) => {
  await page.getByText('新画一个').click()
  await page.getByLabel('角点').fill('115.66, 22.9\n115.68, 22.9\n115.68, 22.92\n115.66, 22.92')
  await page.getByLabel('新编号').fill('g 7')
  await expect(page.getByText('编号只能用字母')).toBeVisible()
  await page.getByLabel('新编号').fill('g7')
  await page.getByLabel('名称').fill('东沟村')
  await choose(page, page, '类型', '村（社区）')
  await page.getByRole('button', { name: '看会有什么变化' }).click()
  const preview = page.getByRole('region', { name: '看会有什么变化' })
  await expect(preview.getByText('新增 1 个、修改 0 个')).toBeVisible()
  await expect(preview.getByText('重叠')).toHaveCount(0)
  await page.getByLabel('角点').fill('115.65, 22.9\n115.68, 22.9\n115.68, 22.92\n115.65, 22.92')
  await expect(preview).toBeHidden()
  await page.getByRole('button', { name: '看会有什么变化' }).click()
  await expect(preview.getByText('与相邻网格重叠：石桥社区')).toBeVisible()
  await preview.getByRole('button', { name: '保存网格' }).click()
  await expect(page.getByText('网格已保存。')).toBeVisible()
  expect((await grids()).get('g7')?.properties.name).toBe('东沟村')
})

test('a border is mended, and a change of somebody else is not overwritten', async ({ page }) => {
  await page.getByText('改边界').click()
  await choose(page, page, '哪个网格', /石桥社区/)
  const box = page.getByLabel('角点')
  await expect(box).toHaveValue(/115\.640000, 22\.900000/)
  await box.fill('115.64, 22.9\n115.665, 22.9\n115.66, 22.92\n115.64, 22.92')
  await page.getByRole('button', { name: '看会有什么变化' }).click()
  const preview = page.getByRole('region', { name: '看会有什么变化' })
  await expect(preview.getByText('修改 1 个')).toBeVisible()
  const now = await relay.ask<Shown>('GET', '/api/grids')
  now.features.find(({ properties }) => properties.id === 'g6')!.properties.name = '新街东社区'
  await relay.ask('PUT', '/api/grids', JSON.stringify(now), 'application/geo+json')
  await preview.getByRole('button', { name: '保存网格' }).click()
  await expect(page.getByText('网格刚被别人改过')).toBeVisible()
  await page.getByRole('button', { name: '看会有什么变化' }).click()
  await preview.getByRole('button', { name: '保存网格' }).click()
  await expect(page.getByText('网格已保存。')).toBeVisible()
  const after = await grids()
  expect(after.get('g6')?.properties.name).toBe('新街东社区')
  expect(after.get('g3')?.geometry.coordinates[0]?.some(([longitude]) => longitude === 115.665)).toBe(true)
})
