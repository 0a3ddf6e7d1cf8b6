/** What people and networks do to a page: bait in every field, a large print, a narrow screen, no connection, somebody else's role. */
import type { Page } from '@playwright/test'
import { PAYLOADS } from './payloads.ts'
import { accessible, expect, login, logout, quiet, test, unfold, watched } from './test.ts'
import { Relay } from './relay.ts'

let relay: Relay
let faults: string[]
const until_at = new Date(Date.now() + 86_400_000).toISOString()
const audience = { is_everyone: true }
/** Fits what fields take. */
const cut = (text: string, bytes: number): string => {
  let kept = text
  while (new TextEncoder().encode(kept).length > bytes) kept = kept.slice(0, -1)
  return kept
}
const tidy = (text: string): string => text.replace(/[\t\u202E\uFEFF]/g, '')

test.beforeAll(async () => {
  relay = await Relay.start()
  await relay.fill()
  await relay.operator('lin', '林晓', ['dispatcher', 'leader'])
  await relay.operator('han', '韩警官', ['handler'], 'police')
  await relay.operator('chen', '陈主任', ['administrator'])
  await relay.operator('wu', '吴看', ['reader'])
  await relay.operator('bao', '保管人', ['identity_keeper'])
})
test.afterAll(() => relay.end())
test.beforeEach(({ page }) => {
  faults = []
  watched(page, relay, faults, (_, status) => status === 403)
})
test.afterEach(() => expect(faults).toEqual([]))

const go = (page: Page, path: string): Promise<unknown> => page.goto(`${relay.base}/#${path}`)
/** Nothing of what was written became anything but words. */
async function harmless(page: Page): Promise<void> {
  expect(await page.title()).not.toContain('owned')
  const strange = await page.evaluate(() => document.querySelectorAll('#app script, #app iframe, #app object, #app embed, #app base, #app meta, #app marquee, #app [onerror], #app [onload], #app [onfocus], #app [ontoggle], #app a[href^="javascript:" i], #app img[src="x"]').length)
  expect(strange).toBe(0)
}

test('200 baits in every field stay words on every screen that shows them', async ({ page }) => {
  test.setTimeout(400_000)
  expect(new Set(PAYLOADS).size).toBe(200)
  let last = ''
  for (const bait of PAYLOADS) {
    last = (await relay.ask<{ document: string }>('POST', '/api/incidents', { text: bait, category: 'order', severity: 'normal', grid: 'g1' })).document
  }
  // The same again in what is said about one of them, in orders, people, grids, households and settings.
  for (const bait of PAYLOADS.slice(0, 60)) await relay.ask('POST', `/api/incidents/${last}/notes`, { text: bait })
  await relay.ask('POST', `/api/incidents/${last}/steps`, { kind: 'accepted', remark: PAYLOADS[3] })
  const some = PAYLOADS.filter((_, index) => index % 4 === 0).map(tidy)
  const name = (index: number): string => cut(some[index % some.length] ?? '', 60)
  for (const [index, bait] of some.slice(0, 20).entries()) {
    await relay.ask('POST', '/api/tasks', { form: 'inspection', title: name(index), text: bait, audience, due_at: until_at, items: [{ id: 1, text: name(index + 1), address: name(index + 2), people: 2 }], shelters: [] })
    await relay.ask('POST', '/api/warnings', { hazard: 'rainstorm', level: 'yellow', title: name(index), text: bait, until_at, audience, posts: [{ id: 1, name: name(index + 3), grid: 'g1' }] })
    await relay.ask('POST', '/api/notices', { title: name(index), text: bait, audience })
    await relay.ask('POST', '/api/households', { name: name(index), address: name(index + 1), needs: bait, people: '2', purposes: [], every_days: '7', grid: 'g1' })
  }
  const file = await relay.ask<{ categories: { name: { zh: string; en: string } }[]; answers: { words: { zh: string; en: string } }[] }>('GET', '/api/settings/versions/current')
  file.categories.forEach((category, index) => (category.name.zh = name(index)))
  file.answers.forEach((answer, index) => (answer.words.zh = name(index + 5)))
  await relay.ask('PUT', '/api/settings', file)
  await relay.ask('POST', '/api/intake-sources', { id: 'bait', name: name(2), kind: 'other', rules: { category: 'order' } })
  await login(page, relay, 'lin')
  for (const path of [`/queue/${last}?sort=newest`, '/orders/tasks', '/orders/warnings', '/orders/notices', '/care/households', '/care/visits', '/patrols', '/figures', '/figures/published', '/figures/sheets/g1', '/people/members', '/house/complaints', '/house/intake', '/held']) {
    await go(page, path)
    await quiet(page)
    await harmless(page)
    for (const link of (await page.locator('table a').all()).slice(0, 1)) {
      await link.click()
      await quiet(page)
      await harmless(page)
    }
  }
  await go(page, `/queue/${last}`)
  for (const bait of PAYLOADS.slice(0, 5)) await expect(page.getByRole('article').getByText(bait, { exact: true }).first()).toBeVisible()
  // And typed in by hand: searched for, written as a remark.
  for (const bait of PAYLOADS.slice(100, 110).map(tidy)) {
    await page.getByLabel('找事件内容').fill(bait.slice(0, 100))
    await harmless(page)
  }
  await logout(page)
  await login(page, relay, 'chen')
  for (const path of ['/house/settings', '/house/subjects', '/house/operators', '/house/audit']) {
    await go(page, path)
    await quiet(page)
    await harmless(page)
  }
})

const SCREENS = ['/queue', '/orders/tasks', '/orders/warnings', '/patrols', '/care/households', '/figures', '/figures/published', '/figures/sheets/g1', '/figures/exports', '/people/members', '/held', '/house/complaints', '/house/intake', '/house/identity', '/house/retention']
/** Nothing runs out to the side but what may be pushed along in its own frame. */
async function fits(page: Page): Promise<void> {
  const wide = await page.evaluate(() => {
    const main = document.querySelector('#main')
    const edge = main ? main.getBoundingClientRect().left + main.clientWidth : window.innerWidth
    const isLoose = (node: Element): boolean => node.getBoundingClientRect().right > edge + 1 && !node.closest('.scroll-x')
    const out = [...(main?.querySelectorAll('*') ?? [])].filter(isLoose).slice(0, 2).map((node) => node.outerHTML.slice(0, 160))
    return { page: document.documentElement.scrollWidth - window.innerWidth, main: main ? main.scrollWidth - main.clientWidth : 0, out }
  })
  expect(Math.max(wide.page, wide.main), `${page.url()} ${wide.out.join(' | ')}`).toBeLessThanOrEqual(1)
}

test('at 200 % on a screen of 1366 by 768 everything is there and nothing runs out to the side', async ({ page }) => {
  test.setTimeout(180_000)
  await login(page, relay, 'lin')
  // What a browser does at 200 %: half as many pixels for the page.
  await page.setViewportSize({ width: 683, height: 384 })
  for (const path of SCREENS) {
    await go(page, path)
    await quiet(page)
    await fits(page)
    await accessible(page)
  }
})

test('a leader works at 390 pixels', async ({ page }) => {
  test.setTimeout(180_000)
  await page.setViewportSize({ width: 390, height: 844 })
  await login(page, relay, 'lin')
  for (const path of ['/queue', '/orders/tasks', '/orders/warnings', '/patrols', '/care/households', '/figures', '/figures/published', '/figures/sheets/g1']) {
    await go(page, path)
    await quiet(page)
    await fits(page)
    await accessible(page)
  }
})

test('without a connection what is typed stays, says so, and goes through afterwards', async ({ page, context }) => {
  await login(page, relay, 'lin')
  await go(page, '/queue')
  await page.getByRole('button', { name: '电话登记' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('来电内容').fill('断网时写下的一件')
  await (await unfold(page, dialog, '类别')).getByRole('option').first().click()
  await context.setOffline(true)
  await dialog.getByRole('button', { name: '保存' }).click()
  await expect(dialog.getByRole('alert')).toContainText('连不上中继')
  await expect(page.getByText('与中继的连接断了')).toBeVisible({ timeout: 15_000 })
  await context.setOffline(false)
  await dialog.getByRole('button', { name: '保存' }).click()
  await expect(page.getByRole('article').getByText('断网时写下的一件')).toBeVisible()
  await expect(page.getByText('与中继的连接断了')).toBeHidden({ timeout: 30_000 })
  faults = faults.filter((fault) => !fault.includes('ERR_'))
})

const MENUS: Record<string, string[]> = {
  lin: ['事件', '任务预警', '巡查', '走访帮扶', '统计', '网格与人员', '待核', '系统'],
  han: ['我的办件'],
  chen: ['事件', '任务预警', '巡查', '统计', '网格与人员', '待核', '系统', '开通向导'],
  wu: ['事件', '任务预警', '巡查', '统计', '网格与人员', '待核'],
  bao: ['系统'],
}
const EVERYTHING = ['/queue', '/desk', '/orders/tasks', '/patrols', '/care/households', '/care/visits', '/figures', '/figures/exports', '/people/members', '/held', '/house/settings', '/house/subjects', '/house/webhooks', '/house/audit', '/house/identity', '/start']

for (const [who, menu] of Object.entries(MENUS)) {
  test(`the menu and every address of ${who} show what the role may see and ask for nothing else`, async ({ page }) => {
    const refused: string[] = []
    page.on('response', (response) => {
      if (response.status() === 403) refused.push(response.url())
    })
    await login(page, relay, who)
    for (const name of menu) await expect(page.getByRole('navigation', { name: '菜单' }).getByRole('link', { name, exact: true })).toBeVisible()
    const names = await page.getByRole('navigation', { name: '菜单' }).getByRole('link').allInnerTexts()
    expect(names.filter((name) => !['我的账号', '地图'].includes(name))).toEqual(menu)
    for (const path of EVERYTHING) {
      await go(page, path)
      await quiet(page)
      await expect(page.locator('#main')).toBeVisible()
    }
    expect(refused).toEqual([])
  })
}
