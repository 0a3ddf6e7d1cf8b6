/** A page that fails its test on anything that should not be: errors, refused styles and scripts, requests to elsewhere. */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import AxeBuilder from '@axe-core/playwright'
import { expect, test as base, type Locator, type Page } from '@playwright/test'
import { PASSWORD, type Relay } from './relay.ts'

/** Answers that a test is about. */
export type Allowed = (url: string, status: number) => boolean

/** What each page has asked for and not got yet. */
const pending = new WeakMap<Page, Set<unknown>>()

/** Until a page has all it asked for; live changes have no end. */
export async function quiet(page: Page): Promise<void> {
  let calm = 0
  await expect.poll(() => (calm = pending.get(page)?.size ? 0 : calm + 1), { intervals: [60] }).toBeGreaterThan(3)
}

export function watched(page: Page, relay: Relay, faults: string[], allowed: Allowed = () => false): void {
  page.on('pageerror', (error) => faults.push(`page: ${error.message}`))
  page.on('console', (message) => {
    // Chromium's own line about an answer is judged by the answer.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(`console: ${message.text()}`)
  })
  const asked = new Set<unknown>()
  pending.set(page, asked)
  page.on('requestfinished', (request) => asked.delete(request))
  page.on('requestfailed', (request) => asked.delete(request))
  page.on('request', (request) => {
    if (request.resourceType() !== 'eventsource') asked.add(request)
    if (/^https?:/.test(request.url()) && !request.url().startsWith(relay.base)) faults.push(`elsewhere: ${request.url()}`)
  })
  page.on('response', (response) => {
    // Before the login nobody is known.
    const isLogin = response.status() === 401 && response.url().endsWith('/api/session')
    if (response.status() >= 400 && !isLogin && !allowed(response.url(), response.status())) faults.push(`${response.status()}: ${response.url()}`)
  })
}

export async function login(page: Page, relay: Relay, name: string): Promise<void> {
  await page.goto(`${relay.base}/#/login`)
  await page.getByLabel('登录名').fill(name)
  await page.getByLabel('密码', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: '登录' }).click()
  await expect(page.locator('#main')).toBeVisible()
}

/** Until the relay has ended the session: a page opened before would ask with it. */
export async function logout(page: Page): Promise<void> {
  await quiet(page)
  await page.getByRole('button', { name: '退出' }).click()
  await expect(page.getByRole('heading', { name: '登录指挥台' })).toBeVisible()
}

/** Opens a list as the keyboard does; the list of this field, for another may be closing still. */
export async function unfold(page: Page, scope: Page | Locator, label: string): Promise<Locator> {
  const field = scope.getByRole('combobox', { name: label })
  await field.focus()
  await page.keyboard.press('Enter')
  await expect(field).toHaveAttribute('aria-expanded', 'true')
  const list = await field.getAttribute('aria-controls')
  return page.locator(`[id="${list ?? ''}"]`)
}

/** Picks from a list as the keyboard does. */
export async function choose(page: Page, scope: Page | Locator, label: string, option: string | RegExp): Promise<void> {
  const list = await unfold(page, scope, label)
  await list.getByRole('option', { name: option }).click()
}

/** Nothing serious for those who can't see, or can't use a mouse: judged at rest, for a colour may be on its way to another. */
export async function accessible(page: Page): Promise<void> {
  await expect(async () => {
    const { violations } = await new AxeBuilder({ page }).analyze()
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)).toEqual([])
  }).toPass({ timeout: 10_000, intervals: [300, 700, 1500] })
}

/** `SUISHOU_SCREENS=1` keeps a picture of every screen in docs/screens/console. */
const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '../../../docs/screens/console')

export async function picture(page: Page, name: string): Promise<void> {
  if (!process.env.SUISHOU_SCREENS) return
  mkdirSync(FOLDER, { recursive: true })
  await page.evaluate(() => document.querySelector('#main')?.scrollTo(0, 0))
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' })
}

/** From light to dark and back. */
export async function dark(page: Page): Promise<void> {
  await page.getByRole('button', { name: '深色/浅色' }).click()
}

/** Gives the password again where the relay asks for it. */
export async function password(page: Page): Promise<void> {
  const again = page.getByRole('dialog', { name: '请再次输入密码' })
  await again.getByLabel('密码', { exact: true }).fill(PASSWORD)
  await again.getByRole('button', { name: '确定' }).click()
  await expect(again).toBeHidden()
}

/** Presses a button that prints, looks at the paper as a printer has it, and ends the printing. */
export async function paper(page: Page, look: (sheet: Locator) => Promise<void>, button: string): Promise<void> {
  await page.evaluate(() => (window.print = () => document.body.classList.add('was-printed')))
  await page.getByRole('button', { name: button, exact: true }).first().click()
  await expect(page.locator('body.was-printed')).toHaveCount(1)
  await page.emulateMedia({ media: 'print' })
  await look(page.locator('.paper'))
  await page.emulateMedia({ media: 'screen' })
  await page.evaluate(() => {
    document.body.classList.remove('was-printed')
    window.dispatchEvent(new Event('afterprint'))
  })
  await expect(page.locator('.paper')).toHaveCount(0)
}

export { base as test, expect }
