/** The languages of the console: Chinese first; English is fetched when it is chosen. */
import { createI18n } from 'vue-i18n'
import { together, type Sections } from './lib/sections'
import common from './locales/zh.json'

export type Lang = 'zh' | 'en'

const KEY = 'suishou.lang'

/** Every area has a file of its own in locales/zh and locales/en. */
const areas = import.meta.glob<Sections>('./locales/zh/*.json', { eager: true, import: 'default' })
const zh = together([common, ...Object.values(areas)]) as typeof common

export const i18n = createI18n({ legacy: false, locale: 'zh', fallbackLocale: 'zh', messages: { zh } as Record<string, typeof zh> })

export function lang(): Lang {
  return i18n.global.locale.value === 'en' ? 'en' : 'zh'
}

export async function speak(wanted: Lang): Promise<void> {
  if (wanted === 'en' && !i18n.global.availableLocales.includes('en')) {
    const en = await import('./locales/english')
    i18n.global.setLocaleMessage('en', en.default as typeof zh)
  }
  i18n.global.locale.value = wanted
  document.documentElement.lang = wanted === 'en' ? 'en' : 'zh-CN'
  localStorage.setItem(KEY, wanted)
}

export function lastSpoken(): Lang {
  return localStorage.getItem(KEY) === 'en' ? 'en' : 'zh'
}
