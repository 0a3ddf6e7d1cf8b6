/** The loops of five townships, as operators live them while phones answer. The facts are theirs; the people are made up. */
import type { Locator, Page } from '@playwright/test'
import { Phones } from './phones.ts'
import { choose, expect, login, test, watched } from './test.ts'
import { Relay } from './relay.ts'

let relay: Relay
let phones: Phones
let faults: string[]

const VENDORS = Array.from({ length: 13 }, (_, index) => `v${index + 1}`)
const MEMBERS = Array.from({ length: 12 }, (_, index) => `w${index + 1}`)
const PEOPLE = [
  'id,name,role,grids,department,phone',
  ...VENDORS.map((id, index) => `${id},肉贩${index + 1},informant,,,1390000${String(index).padStart(4, '0')}`),
  ...MEMBERS.map((id, index) => `${id},网格员${index + 1},member,g${(index % 6) + 1},,1380000${String(index).padStart(4, '0')}`),
  'l1,陈志明,leader,g1;g2;g3;g4;g5;g6,,13700000001',
].join('\n')

test.beforeAll(async () => {
  test.setTimeout(120_000)
  relay = await Relay.start()
  await relay.fill()
  await relay.ask('PUT', '/api/members', `${PEOPLE}\n`, 'text/csv')
  phones = Phones.start(relay)
  await phones.enrol('v1', 'v2', ...MEMBERS.slice(0, 6), 'l1')
  await relay.operator('lin', '林晓', ['dispatcher', 'leader'])
  await relay.operator('han', '韩警官', ['handler'], 'police')
  await relay.operator('shi', '史所长', ['handler'], 'market')
  await relay.operator('min', '闵民政', ['handler'], 'civil')
})
test.afterAll(async () => {
  await phones.end()
  await relay.end()
})
test.beforeEach(({ page }) => {
  faults = []
  watched(page, relay, faults)
})
test.afterEach(() => expect(faults).toEqual([]))

const go = (page: Page, path: string): Promise<unknown> => page.goto(`${relay.base}/#${path}`)

/** Presses a step's button, fills in what it asks for, and sends it. */
async function deed(page: Page, name: string, fill: (dialog: Locator) => Promise<void> = async () => undefined): Promise<void> {
  await page.getByRole('article').getByRole('button', { name, exact: true }).click()
  const dialog = page.getByRole('dialog', { name })
  await fill(dialog)
  await dialog.getByRole('button', { name, exact: true }).click()
  await expect(dialog).toBeHidden()
}
async function dispatch(page: Page, departments: string[], remark: string): Promise<void> {
  await deed(page, '派遣', async (dialog) => {
    await dialog.getByRole('combobox', { name: '派给哪些部门' }).focus()
    await page.keyboard.press('Enter')
    for (const department of departments) {
      const option = page.getByRole('option', { name: department })
      if ((await option.getAttribute('aria-selected')) !== 'true') await option.click()
    }
    await page.keyboard.press('Escape')
    await dialog.getByLabel('备注（选填）').fill(remark)
  })
}
/** In a browser of the department's own. */
async function handled(page: Page, who: string, id: string, remark: string): Promise<void> {
  const other = await (await page.context().browser()!.newContext({ locale: 'zh-CN', viewport: { width: 390, height: 844 } })).newPage()
  watched(other, relay, faults)
  await login(other, relay, who)
  await go(other, `/desk/${id}`)
  await deed(other, '开始处置')
  await deed(other, '处置完成', async (dialog) => dialog.getByLabel('备注（选填）').fill(remark))
  await other.context().close()
}
const detail = (page: Page): Locator => page.getByRole('article')
const shown = <T>(path: string): Promise<T> => relay.ask<T>('GET', path)

test('roaming vendors: snapped on the round, sorted, handled, answered; nobody in the department learns who it was', async ({ page }) => {
  test.setTimeout(120_000)
  await login(page, relay, 'lin')
  await go(page, '/queue')
  const id = await phones.reports('v1', { text: '集市东头卖过期熟食，苍蝇很多', category: 'food_safety', latitude: 22.905, longitude: 115.605, has_photo: true, is_anonymous: true })
  await page.getByRole('option', { name: /过期熟食/ }).click({ timeout: 5000 })
  await expect(detail(page).getByText('匿名（身份已封存）').first()).toBeVisible()
  await dispatch(page, ['市场监管所'], '请现场检查')
  await handled(page, 'shi', id, '已下架封存，责令整改')
  await deed(page, '核查通过')
  await deed(page, '办结并答复', async (dialog) => choose(page, dialog, '答复用语', /处置完毕/))
  // On the vendor's phone: the answer, and stars for it.
  await phones.does('v1', 'step', { document: id, kind: 'rated', rating: 5 })
  await expect(detail(page).getByText('评价 5 星')).toBeVisible()
  const other = await (await page.context().browser()!.newContext({ locale: 'zh-CN' })).newPage()
  watched(other, relay, faults)
  await login(other, relay, 'shi')
  await go(other, `/desk/${id}`)
  await expect(detail(other).getByText('集市东头')).toBeVisible()
  expect(await other.locator('body').innerText()).not.toContain('肉贩')
  await other.context().close()
})

test('a map of the people: smoke is seen, confirmed, and all are called out; a visit brings relief to somebody ill', async ({ page }) => {
  test.setTimeout(120_000)
  await login(page, relay, 'lin')
  await go(page, '/queue')
  const fire = await phones.reports('w4', { text: '后山冒烟，确认是山火', category: 'fire', severity: 'urgent', latitude: 22.925, longitude: 115.605, has_photo: true })
  await page.getByRole('option', { name: /后山冒烟/ }).click({ timeout: 5000 })
  await page.keyboard.press('a')
  await expect(detail(page).getByRole('button', { name: '派遣' })).toBeVisible()
  await dispatch(page, ['消防站'], '已通知森林防火')
  await go(page, '/orders/tasks')
  await page.getByRole('button', { name: '新任务' }).click()
  const dialog = page.getByRole('dialog')
  await choose(page, dialog, '形式', '集结')
  await dialog.getByLabel('标题').fill('后山山火全员集结')
  await dialog.getByLabel('内容').fill('带打火工具到后山路口')
  await dialog.getByText('全镇所有人').click()
  await dialog.getByRole('button', { name: '发出' }).click()
  const muster = page.getByRole('region', { name: '集结', exact: true })
  await expect(muster).toBeVisible()
  const task = page.url().split('/').at(-1)!
  for (const member of MEMBERS.slice(0, 4)) await phones.does(member, 'answer_task', { document: task, answer: 'arrived' })
  await phones.does('w5', 'answer_task', { document: task, answer: 'accepted' })
  await expect(muster.getByText(/到场 4，赶来 1/)).toBeVisible()
  await page.getByRole('button', { name: '结束任务' }).click()
  await expect(page.getByText('已结束').first()).toBeVisible()
  await relay.ask('POST', `/api/incidents/${fire}/steps`, { kind: 'resolved', remark: '明火已灭' })

  await phones.does('w1', 'visit', { text: '女，五十岁，患癌症，不知道有医疗救助', found: { text: '患癌妇女不了解医疗救助政策', category: 'relief', severity: 'high' } })
  await go(page, '/queue?text=医疗救助')
  await page.getByRole('option', { name: /医疗救助/ }).click()
  await page.keyboard.press('a')
  await expect(detail(page).getByRole('button', { name: '派遣' })).toBeVisible()
  await dispatch(page, ['民政办'], '请上门办理医疗救助')
  const id = page.url().split('/queue/')[1]!.split('?')[0]!
  await handled(page, 'min', id, '已批医疗救助 8000 元')
  await deed(page, '核查通过')
  await deed(page, '办结并答复', async (dialog) => dialog.getByLabel('备注（选填）').fill('救助金已发放'))
  await expect(detail(page).getByText('已批医疗救助')).toBeVisible()
})

test('double grids: street, chat group and hotline in one queue; police and market supervision go together', async ({ page }) => {
  test.setTimeout(120_000)
  await relay.ask('POST', '/api/intake-sources', { id: 'wechat', name: '线上网格群', kind: 'chat', rules: { category: 'counterfeit' } })
  await relay.ask('POST', '/api/intake-sources', { id: 'h12345', name: '12345 热线', kind: 'hotline', rules: { category: 'order' } })
  await login(page, relay, 'lin')
  const street = await phones.reports('w3', { text: '广场有人卖假药，说包治百病', category: 'counterfeit', severity: 'high', latitude: 22.902, longitude: 115.645, has_photo: true })
  await relay.ask('POST', '/api/intake-items?source=wechat', '工单编号,内容\nq1,群里说广场有人卖假药\n', 'text/csv')
  await relay.ask('POST', '/api/intake-items?source=h12345', '工单编号,内容\nr1,热线反映广场卖假药\n', 'text/csv')
  await go(page, '/queue?text=假药')
  await expect(page.getByRole('option')).toHaveCount(3)
  await page.getByRole('option', { name: /包治百病/ }).click()
  await detail(page).getByRole('button', { name: '合并重复' }).first().click()
  const merge = page.getByRole('dialog', { name: '合并重复' })
  await merge.getByText(/群里说/).click()
  await merge.getByText(/热线反映/).click()
  await merge.getByRole('button', { name: '合并 2 件' }).click()
  await expect(merge).toBeHidden()
  await expect(page.getByRole('option')).toHaveCount(1)
  await dispatch(page, ['派出所', '市场监管所'], '请联合查处')
  await handled(page, 'han', street, '人已带回调查')
  await handled(page, 'shi', street, '药品已查扣')
  await deed(page, '核查通过')
  await deed(page, '办结并答复', async (dialog) => choose(page, dialog, '答复用语', /处置完毕/))
  // What was merged is answered with it.
  for (const source of ['wechat', 'h12345']) {
    const { items } = await shown<{ items: { incident_state: string }[] }>(`/api/intake-items?source=${source}`)
    expect(items.map(({ incident_state }) => incident_state)).toEqual(['closed'])
  }
  await go(page, '/figures/published')
  // One matter, however many told of it.
  await expect(page.getByRole('region', { name: '按来源' }).getByRole('row', { name: /网格员、网格长/ })).toBeVisible()
  await expect(page.getByRole('region', { name: '按来源' }).getByRole('row', { name: /线上网格群/ })).toHaveCount(0)
})

test('one net: a storm; dangerous houses and rivers are checked, people are moved door by door, each accounted for', async ({ page }) => {
  test.setTimeout(150_000)
  await login(page, relay, 'lin')
  await go(page, '/orders/tasks')
  const make = async (form: string, title: string, items: string, shelters = ''): Promise<string> => {
    await page.getByRole('button', { name: '新任务' }).click()
    const dialog = page.getByRole('dialog')
    await choose(page, dialog, '形式', form)
    await dialog.getByLabel('标题').fill(title)
    await dialog.getByText('全镇所有人').click()
    await dialog.getByLabel('逐户（逐项）清单').fill(items)
    if (shelters) await dialog.getByLabel('安置点').fill(shelters)
    await dialog.getByRole('button', { name: '发出' }).click()
    await expect(page.getByRole('heading', { name: title })).toBeVisible()
    return page.url().split('/').at(-1)!
  }
  const checks = await make('检查清单', '338 毫米暴雨：危房河道排查', '上坝危房,上坝村\n三号河道,河口村\n低洼路段,石桥社区')
  await phones.does('w1', 'mark_item', { document: checks, item: 1, state: 'done' })
  await phones.does('w2', 'mark_item', { document: checks, item: 2, state: 'faulty' })
  await expect(page.getByRole('table', { name: '按状态' }).getByRole('row', { name: /有问题/ })).toBeVisible()
  const blocked = await phones.reports('w2', { text: '三号河道被树枝堵塞，水在涨', category: 'disaster', severity: 'urgent', latitude: 22.925, longitude: 115.63 })
  const doors = Array.from({ length: 30 }, (_, index) => `河口${index + 1}户,河口村${index + 1}号,5`).join('\n')
  const moving = await make('转移', '河口村群众转移', doors, '桥头小学、镇礼堂')
  const board = page.getByRole('region', { name: '逐户清单' })
  await expect(board.getByText('还差 150 人（30 户）')).toBeVisible()
  for (let item = 1; item <= 28; item += 1) await phones.does(MEMBERS[item % 6]!, 'mark_item', { document: moving, item, state: 'moved', shelter: item % 2 })
  await expect(board.getByText('还差 10 人（2 户）')).toBeVisible()
  // Two families telephone.
  for (const name of ['河口29户', '河口30户']) {
    await board.getByRole('button', { name: `登记：${name}`, exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radio', { name: '在别处' }).check({ force: true })
    await dialog.getByRole('button', { name: '保存' }).click()
    await expect(dialog).toBeHidden()
  }
  await expect(board.getByText('全部落实，一个不少。')).toBeVisible()
  const { counts } = await shown<{ counts: { people: number; people_accounted: number } }>(`/api/tasks/${moving}`)
  expect(counts).toMatchObject({ people: 150, people_accounted: 150 })
  await go(page, `/queue/${blocked}`)
  await page.keyboard.press('a')
  await expect(detail(page).getByRole('button', { name: '派遣' })).toBeVisible()
  await go(page, '/figures/published')
  await expect(page.getByRole('region', { name: '转移' }).getByRole('row', { name: /已落实人数/ })).toContainText('150')
})

test('micro-grids: a red warning is heard by the named people, each risk area answers, and it ends', async ({ page }) => {
  test.setTimeout(120_000)
  const until_at = new Date(Date.now() + 86_400_000).toISOString()
  const posts = [{ id: 1, name: '河滩应急网格', grid: 'g5', member: 'w5' }, { id: 2, name: '后山滑坡点', grid: 'g4', member: 'w4' }]
  const { document } = await relay.ask<{ document: string }>('POST', '/api/warnings', { hazard: 'rainstorm', level: 'orange', title: '暴雨预警', text: '请到岗值守', until_at, audience: { is_everyone: true }, posts, asks_report: true })
  await login(page, relay, 'lin')
  await go(page, `/orders/warnings/${document}`)
  const warning = page.getByRole('region', { name: '暴雨预警' })
  await expect(warning.getByText(/已确认 0 人/)).toBeVisible()
  for (const member of ['w1', 'w2', 'w3', 'w4', 'w5']) await phones.does(member, 'acknowledge_warning', { document })
  await expect(warning.getByText(/已确认 5 人/)).toBeVisible()
  await choose(page, warning, '级别', '红色')
  await warning.getByRole('button', { name: '调整级别' }).click()
  await expect(warning.getByText('红色').first()).toBeVisible()
  await phones.does('w5', 'report_post', { document, post: 1, report: 'moving', people: 45 })
  await phones.does('w4', 'report_post', { document, post: 2, report: 'need_help' })
  await expect(warning.getByText('转移中')).toBeVisible()
  await expect(warning.getByText('需要支援').first()).toBeVisible()
  // The grid calls: from the report of a kitchen fire to its end.
  const fire = await phones.reports('w1', { text: '厨房着火，人已出来', category: 'fire', severity: 'urgent', latitude: 22.905, longitude: 115.605 })
  await phones.does('w1', 'step', { document: fire, kind: 'handling', remark: '正在灭火' })
  await phones.does('w1', 'step', { document: fire, kind: 'resolved', remark: '火已扑灭，无人受伤', has_photo: true })
  await go(page, `/queue/${fire}`)
  await expect(detail(page).getByText('火已扑灭')).toBeVisible()
  await deed(page, '核查通过')
  await deed(page, '办结并答复', async (dialog) => choose(page, dialog, '答复用语', /处置完毕/))
  await go(page, '/figures/sheets/g5')
  await expect(page.getByText('河滩应急网格')).toBeVisible()
  await go(page, `/orders/warnings/${document}`)
  await warning.getByRole('button', { name: '解除' }).click()
  await expect(warning.getByText('已解除')).toBeVisible()
})
