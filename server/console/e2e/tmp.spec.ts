import { accessible, dark, login, test, watched } from './test.ts'
import { Relay } from './relay.ts'
let relay: Relay
test.beforeAll(async () => {
  relay = await Relay.start()
  await relay.fill()
  await relay.reports()
  await relay.operator('chen', '陈主任', ['administrator', 'dispatcher', 'leader'])
})
test.afterAll(() => relay.end())
test('look', async ({ page }) => {
  test.setTimeout(240_000)
  const faults: string[] = []
  watched(page, relay, faults)
  await login(page, relay, 'chen')
  for (const mode of ['light', 'dark']) {
    for (const path of ['house/settings', 'house/retention', 'house/subjects', 'house/identity', 'house/intake', 'house/webhooks', 'house/complaints', 'care/households', 'care/visits', 'patrols', 'figures/published', 'figures/sheets/g1', 'figures/exports']) {
      await page.goto(`${relay.base}/#/${path}`)
      await page.waitForTimeout(700)
      if (path === 'house/settings' && mode === 'light') await page.getByRole('button', { name: '编辑设置' }).click()
      if (path === 'house/settings') await page.waitForTimeout(500)
      try { await accessible(page) } catch (error) { console.log(path, mode, String(error).slice(0, 1500)) }
      await page.screenshot({ path: `/tmp/look/${path.replaceAll('/', '-')}-${mode}.png`, animations: 'disabled' })
    }
    if (mode === 'light') await dark(page)
  }
  console.log(faults.join('\n'))
})
