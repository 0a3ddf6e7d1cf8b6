import { accessible, choose, expect, login, logout, test, watched } from './test.ts'
import { PASSWORD, Relay } from './relay.ts'

let relay: Relay
let faults: string[]

test.beforeAll(async () => {
  relay = await Relay.start()
  await relay.fill()
  await relay.operator('lin', '林晓', ['dispatcher'])
  await relay.operator('zhou', '周敏', ['dispatcher'])
})
test.afterAll(() => relay.end())
test.beforeEach(({ page }) => {
  faults = []
  watched(page, relay, faults)
})
test.afterEach(() => expect(faults).toEqual([]))

test('the first administrator comes in by the link and stays in after a reload', async ({ page }) => {
  await page.goto(`${relay.base}/#/join/${relay.code}`)
  await page.getByLabel('登录名').fill('boss')
  await page.getByLabel('姓名').fill('陈主任')
  await page.getByLabel('密码', { exact: true }).fill(PASSWORD)
  await page.getByLabel('再输一次密码').fill(PASSWORD)
  await accessible(page)
  await page.getByRole('button', { name: '开始使用' }).click()
  await expect(page.getByText('陈主任')).toBeVisible()
  await page.reload()
  await expect(page.getByText('陈主任')).toBeVisible()
  await logout(page)
  await accessible(page)
})

test('a deep link asks for the login and then opens', async ({ page }) => {
  const id = await relay.report('深链接要打开的一件', 'order', 'low', 'g1')
  await page.goto(`${relay.base}/#/queue/${id}?sort=newest`)
  await page.getByLabel('登录名').fill('lin')
  await page.getByLabel('密码', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: '登录' }).click()
  await expect(page.getByRole('article').getByText('深链接要打开的一件')).toBeVisible()
  expect(page.url()).toContain('sort=newest')
})

test('ten incidents are triaged with the keyboard alone', async ({ page }) => {
  for (let number = 1; number <= 10; number += 1) await relay.report(`键盘第 ${number} 件`, 'order', 'normal', 'g1')
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/queue?state=reported&text=键盘&sort=newest`)
  const options = page.getByRole('option')
  await expect(options).toHaveCount(10)
  await accessible(page)
  // Seven accepted, two dispatched, one rejected.
  const detail = page.getByRole('article')
  await page.keyboard.press('j')
  for (let left = 9; left >= 3; left -= 1) {
    await expect(detail.getByRole('button', { name: '受理', exact: true })).toBeVisible()
    await page.keyboard.press('a')
    await expect(options).toHaveCount(left)
    await page.keyboard.press('j')
  }
  for (let left = 2; left >= 1; left -= 1) {
    await expect(detail.getByRole('button', { name: '受理', exact: true })).toBeVisible()
    await page.keyboard.press('d')
    const dialog = page.getByRole('dialog')
    await expect(dialog.getByText('派出所')).toBeVisible()
    await dialog.getByLabel('备注（选填）').focus()
    await page.keyboard.press('Control+Enter')
    await expect(dialog).toBeHidden()
    await expect(options).toHaveCount(left)
    await page.keyboard.press('j')
  }
  await page.keyboard.press('n')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('原因').focus()
  await page.keyboard.press('Enter')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await dialog.getByLabel('备注（选填）').focus()
  await page.keyboard.press('Control+Enter')
  await expect(options).toHaveCount(0)
  const { incidents } = await relay.ask<{ incidents: { state: string; excerpt: string }[] }>('GET', '/api/incidents')
  const states = incidents.filter(({ excerpt }) => excerpt.startsWith('键盘')).map(({ state }) => state).sort()
  expect(states).toEqual([...Array(7).fill('accepted'), 'dispatched', 'dispatched', 'rejected'])
})

test('two operators see each other and neither overwrites in silence', async ({ page, browser }) => {
  const id = await relay.report('两人同时看的一件', 'order', 'high', 'g2')
  const other = await (await browser.newContext({ locale: 'zh-CN' })).newPage()
  watched(other, relay, faults, (url, status) => status === 409 && url.includes(id))
  await login(page, relay, 'lin')
  await login(other, relay, 'zhou')
  for (const one of [page, other]) {
    await one.goto(`${relay.base}/#/queue/${id}`)
    await expect(one.getByRole('article').getByText('两人同时看的一件')).toBeVisible()
  }
  // The other one is writing while this one accepts.
  await other.getByRole('article').getByRole('button', { name: '派遣' }).click()
  const dialog = other.getByRole('dialog')
  await dialog.getByLabel('备注（选填）').fill('请尽快到现场')
  await page.getByRole('article').getByRole('button', { name: '受理', exact: true }).click()
  await expect(other.getByText('您填写期间这件事有变化')).toBeVisible({ timeout: 1500 })
  await dialog.getByRole('button', { name: '已看过，继续' }).click()
  await dialog.getByRole('button', { name: '派遣' }).click()
  await expect(dialog).toBeHidden()
  await expect(page.getByRole('article').getByText('派给：派出所')).toBeVisible({ timeout: 1500 })
  await expect(page.getByRole('article').getByText('周敏')).toBeVisible()
  await expect(page.getByRole('article').getByText('请尽快到现场')).toBeVisible()
  await other.context().close()
})

test('a step that came too late is refused in words and what was typed stays', async ({ page }) => {
  const id = await relay.report('晚了一步的一件', 'order', 'low', 'g2')
  const refused: string[] = []
  page.on('response', (response) => {
    if (response.status() === 409) refused.push(response.url())
  })
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/queue/${id}`)
  await page.getByRole('article').getByRole('button', { name: '不予受理' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('备注（选填）').fill('没有提交的话')
  await page.reload()
  await page.getByRole('article').getByRole('button', { name: '不予受理' }).click()
  await expect(dialog.getByLabel('备注（选填）')).toHaveValue('没有提交的话')
  await relay.ask('POST', `/api/incidents/${id}/steps`, { kind: 'accepted' })
  await relay.ask('POST', `/api/incidents/${id}/steps`, { kind: 'closed', remark: '已办' })
  await expect(dialog.getByText('您填写期间这件事有变化')).toBeVisible()
  await choose(page, dialog, '原因', '不在本镇辖区内')
  await dialog.getByRole('button', { name: '已看过，继续' }).click()
  await dialog.getByRole('button', { name: '不予受理' }).click()
  await expect(dialog.getByRole('alert')).not.toBeEmpty()
  expect(refused.length).toBe(1)
  faults = faults.filter((fault) => !fault.startsWith('409'))
})

test('a lost connection shows and heals', async ({ page }) => {
  await relay.report('断线之前的一件', 'order', 'low', 'g3')
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/queue`)
  await expect(page.getByText('断线之前的一件').first()).toBeVisible()
  await relay.stop()
  await expect(page.getByText('与中继的连接断了')).toBeVisible({ timeout: 15_000 })
  relay = await relay.again()
  await relay.report('断线之后来的一件', 'order', 'low', 'g3')
  await expect(page.getByText('与中继的连接断了')).toBeHidden({ timeout: 30_000 })
  await expect(page.getByText('断线之后来的一件').first()).toBeVisible()
  faults = faults.filter((fault) => !fault.includes('ERR_'))
})

test('words of strangers are only words', async ({ page }) => {
  const bait = '<img src=x onerror="document.title=1"><script>document.title=2</script>{{ 7*7 }}'
  const id = await relay.report(bait, 'order', 'normal', 'g1')
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/queue/${id}`)
  await expect(page.getByRole('article').getByText(bait)).toBeVisible()
  await expect(page).toHaveTitle(/桥头镇/)
})
