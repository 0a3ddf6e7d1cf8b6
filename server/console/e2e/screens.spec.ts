import { accessible, choose, dark, expect, login, picture, test, watched } from './test.ts'
import { DEPARTMENTS, GRIDS, MEMBERS, PASSWORD, Relay } from './relay.ts'

let relay: Relay
let faults: string[]
let first: string

test.beforeAll(async () => {
  relay = await Relay.start()
  await relay.fill()
  const made = await relay.reports()
  first = made[0] ?? ''
  const step = (id: string, body: object) => relay.ask('POST', `/api/incidents/${id}/steps`, body)
  for (const id of made.slice(0, 2)) {
    await step(id, { kind: 'accepted' })
    await step(id, { kind: 'dispatched', departments: ['police', 'market'], due_hours: 4, remark: '请联合查处' })
  }
  await relay.operator('lin', '林晓', ['dispatcher', 'leader'])
  await relay.operator('chen', '陈主任', ['administrator'])
  await relay.operator('han', '韩警官', ['handler'], 'police')
  await relay.operator('wu', '吴看', ['reader'])
  const until_at = new Date(Date.now() + 86_400_000).toISOString()
  const audience = { is_everyone: true }
  const posts = [{ id: 1, name: '上坝危房三户', grid: 'g2', member: 'm2' }, { id: 2, name: '河口河滩', grid: 'g5' }]
  await relay.ask('POST', '/api/warnings', { hazard: 'rainstorm', level: 'orange', title: '暴雨橙色预警', text: '今夜有大到暴雨，请检查危房、河道、低洼路段。', until_at, audience, posts, asks_report: true })
  const items = [{ id: 1, text: '张家', address: '河滩 1 号', people: 4 }, { id: 2, text: '李家', address: '河滩 2 号', people: 3 }]
  await relay.ask('POST', '/api/tasks', { form: 'evacuation', title: '河滩转移', text: '逐户敲门，一户一人负责。', audience, due_at: until_at, items, shelters: ['桥头小学'] })
  await relay.ask('POST', '/api/notices', { title: '防溺水提醒', text: '不要到水库、河边游泳。', theme: 'drowning', audience, asks_read: true })
})
test.afterAll(() => relay.end())
test.beforeEach(({ page }) => {
  faults = []
  watched(page, relay, faults)
})
test.afterEach(() => expect(faults).toEqual([]))

for (const [who, screens] of [
  ['lin', [['queue', '/queue', '菜市场东口'], ['tasks', '/orders/tasks', '河滩转移'], ['warnings', '/orders/warnings', '暴雨橙色预警'], ['notices', '/orders/notices', '防溺水提醒'], ['figures', '/figures?view=table', '合计'], ['people', '/people/grids', '上坝村'], ['held', '/held', '没有待核的条目']]],
  ['chen', [['members', '/people/members', '王芳'], ['phones', '/people/phones', '还没有手机登记'], ['health', '/house/state', '磁盘'], ['operators', '/house/operators', '韩警官'], ['settings', '/house/settings', '历史版本'], ['audit', '/house/audit', '本机程序'], ['start', '/start', '登记第一部手机'], ['account', '/account', '修改密码']]],
] as const) {
  test(`every screen of ${who} opens, light and dark, and is usable without seeing`, async ({ page }) => {
    test.setTimeout(180_000)
    await login(page, relay, who)
    for (const mode of ['light', 'dark']) {
      for (const [name, path, words] of screens) {
        await page.goto(`${relay.base}/#${path}`)
        await expect(page.getByText(words).first()).toBeVisible()
        if (name === 'queue') {
          await page.keyboard.press('j')
          await expect(page.getByRole('article')).toBeVisible()
        } else if (['tasks', 'warnings', 'notices'].includes(name)) {
          await page.getByRole('link', { name: words }).click()
          await expect(page.getByRole('heading', { name: words })).toBeVisible()
        }
        await accessible(page)
        await picture(page, `${name}-${mode}`)
      }
      if (mode === 'light') await dark(page)
    }
  })
}

test('a reader looks and has no button that changes anything', async ({ page }) => {
  await login(page, relay, 'wu')
  await page.goto(`${relay.base}/#/queue/${first}`)
  await expect(page.getByRole('article')).toBeVisible()
  await expect(page.getByRole('toolbar').getByRole('button')).toHaveCount(0)
  await page.goto(`${relay.base}/#/orders/tasks`)
  await expect(page.getByText('河滩转移')).toBeVisible()
  await expect(page.getByRole('button', { name: '新任务' })).toHaveCount(0)
  await page.goto(`${relay.base}/#/house`)
  await expect(page.getByRole('heading', { name: '事件' })).toBeVisible()
})

test('a handler works on a narrow screen: takes up, resolves, and sees nothing else', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await login(page, relay, 'han')
  await expect(page.getByRole('heading', { name: '派出所' })).toBeVisible()
  await expect(page.getByText('菜市场东口')).toBeVisible()
  await expect(page.getByText('后山有烟')).toHaveCount(0)
  await accessible(page)
  await picture(page, 'desk-390')
  await page.getByText('菜市场东口').click()
  const detail = page.getByRole('article')
  await detail.getByRole('button', { name: '开始处置' }).click()
  await page.getByRole('dialog').getByLabel('备注（选填）').fill('已到现场')
  await page.getByRole('dialog').getByRole('button', { name: '开始处置' }).click()
  await expect(detail.getByText('已到现场')).toBeVisible()
  await detail.getByRole('button', { name: '处置完成' }).click()
  await page.getByRole('dialog').getByLabel('备注（选填）').fill('已查扣，摊主带回所里')
  await page.getByRole('dialog').getByRole('button', { name: '处置完成' }).click()
  await expect(detail.getByText('已完成')).toBeVisible()
  await accessible(page)
  await picture(page, 'desk-detail-390')
  const shown = await relay.ask<{ dispatches: { department: string; state: string }[] }>('GET', `/api/incidents/${first}`)
  expect(shown.dispatches.map(({ department, state }) => [department, state])).toEqual([['police', 'resolved'], ['market', 'sent']])
})

test('a leader looks on a narrow screen, and anybody at twice the size', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await login(page, relay, 'lin')
  for (const [name, path, words] of [['queue', '/queue', '菜市场东口'], ['tasks', '/orders/tasks', '河滩转移'], ['warnings', '/orders/warnings', '暴雨橙色预警'], ['patrols', '/patrols', '没人巡查'], ['published', '/figures/published', '收集与办结'], ['grid-sheet', '/figures/sheets/g1', '桥头村 一览表']] as const) {
    await page.goto(`${relay.base}/#${path}`)
    await expect(page.getByText(words).first()).toBeVisible()
    await accessible(page)
    await picture(page, `${name}-390`)
  }
  await page.setViewportSize({ width: 683, height: 384 })
  await page.goto(`${relay.base}/#/queue/${first}`)
  await expect(page.getByRole('article')).toBeVisible()
  await accessible(page)
  await picture(page, 'zoom-200')
})

test('a warning is issued, raised with what was typed kept, and ended', async ({ page }) => {
  await login(page, relay, 'lin')
  await page.goto(`${relay.base}/#/orders/warnings`)
  await page.getByRole('button', { name: '发预警' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('标题').fill('森林火险')
  await page.reload()
  await page.getByRole('button', { name: '发预警' }).click()
  await expect(dialog.getByLabel('标题')).toHaveValue('森林火险')
  await choose(page, dialog, '灾种', '森林火险')
  await dialog.getByText('黄色').click()
  await dialog.getByLabel('内容').fill('禁止野外用火')
  await dialog.getByText('全镇所有人').click()
  await accessible(page)
  await picture(page, 'warning-form-light')
  await dialog.getByRole('button', { name: '发出' }).click()
  await expect(page.getByRole('heading', { name: '森林火险' })).toBeVisible()
  await page.getByRole('button', { name: '解除' }).click()
  await expect(page.getByLabel('森林火险').getByText('已解除')).toBeVisible()
})

test('an empty relay leads from boundaries to the first code', async ({ page }) => {
  const empty = await Relay.start()
  const own: string[] = []
  watched(page, empty, own)
  faults = []
  page.removeAllListeners('request')
  await page.goto(`${empty.base}/#/join/${empty.code}`)
  await page.getByLabel('登录名').fill('boss')
  await page.getByLabel('姓名').fill('陈主任')
  await page.getByLabel('密码', { exact: true }).fill(PASSWORD)
  await page.getByLabel('再输一次密码').fill(PASSWORD)
  await page.getByRole('button', { name: '开始使用' }).click()
  await page.getByRole('link', { name: '本镇还没有网格' }).click()
  await picture(page, 'start-empty-light')
  const file = (name: string, mimeType: string, text: string) => ({ name, mimeType, buffer: Buffer.from(text) })
  await page.getByLabel('网格边界文件（GeoJSON）').setInputFiles(file('坏.geojson', 'application/geo+json', '{"type":"FeatureCollection"}'))
  await expect(page.getByRole('alert')).not.toBeEmpty()
  expect(own.splice(0).every((fault) => /^4\d\d/.test(fault))).toBe(true)
  await page.getByLabel('网格边界文件（GeoJSON）').setInputFiles(file('网格.geojson', 'application/geo+json', GRIDS))
  await expect(page.getByText('将新增 6、')).toBeVisible()
  await page.getByRole('button', { name: '导入 网格.geojson' }).click()
  await expect(page.getByText('已有 6')).toBeVisible()
  await page.getByLabel('部门（CSV）').setInputFiles(file('部门.csv', 'text/csv', DEPARTMENTS))
  await page.getByRole('button', { name: '导入 部门.csv' }).click()
  await expect(page.getByText('已有 4').first()).toBeVisible()
  await page.getByLabel('人员名单（CSV）').setInputFiles(file('人员.csv', 'text/csv', MEMBERS))
  await page.getByRole('button', { name: '导入 人员.csv' }).click()
  await expect(page.getByText('已有 4')).toHaveCount(2)
  await choose(page, page, '选择谁的手机', /王芳/)
  await page.getByRole('button', { name: '登记手机' }).click()
  await expect(page.getByRole('img', { name: '王芳的登记二维码' })).toBeVisible()
  await accessible(page)
  await picture(page, 'enrol-light')
  expect(own).toEqual([])
  faults = []
  await empty.end()
})

test('a sheet of codes for many is printed', async ({ page }) => {
  await login(page, relay, 'chen')
  await page.goto(`${relay.base}/#/people/members`)
  await page.getByLabel('选中本页全部').check()
  await page.getByRole('button', { name: '打印登记单（4 人）' }).click()
  await expect(page.getByRole('img', { name: /的登记二维码/ })).toHaveCount(4)
  await accessible(page)
  await picture(page, 'sheet-light')
})

test('what has consequences asks for the password again, and does it once', async ({ page }) => {
  await login(page, relay, 'chen')
  await page.goto(`${relay.base}/#/house/operators`)
  await page.getByRole('button', { name: '添加操作员' }).click()
  const form = page.getByRole('dialog', { name: '添加操作员' })
  await form.getByLabel('姓名').fill('新来的')
  await form.getByLabel('登录名').fill('xin')
  await form.getByText('值班员').click()
  await form.getByRole('button', { name: '保存' }).click()
  const again = page.getByRole('dialog', { name: '请再次输入密码' })
  await again.getByLabel('密码', { exact: true }).fill('not the password')
  await again.getByRole('button', { name: '确定' }).click()
  await expect(again.getByRole('alert')).not.toBeEmpty()
  await again.getByLabel('密码', { exact: true }).fill(PASSWORD)
  await again.getByRole('button', { name: '确定' }).click()
  await expect(page.getByText('/#/join/')).toBeVisible()
  faults = faults.filter((fault) => !/^40[13].*\/(confirm|operators)$/.test(fault))
  const { operators } = await relay.ask<{ operators: { name: string }[] }>('GET', '/api/operators')
  expect(operators.filter(({ name }) => name === 'xin')).toHaveLength(1)
})

test('the console speaks English too', async ({ page }) => {
  await login(page, relay, 'lin')
  await page.getByRole('button', { name: 'English' }).click()
  await expect(page.getByRole('heading', { name: 'Queue' })).toBeVisible()
  await page.keyboard.press('j')
  await expect(page.getByRole('article').getByText('What happened')).toBeVisible()
  await picture(page, 'queue-english')
})
