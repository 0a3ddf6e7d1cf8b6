import { fileURLToPath } from 'node:url'
import VueI18n from '@intlify/unplugin-vue-i18n/vite'
import vue from '@vitejs/plugin-vue'
import AutoImport from 'unplugin-auto-import/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import Components from 'unplugin-vue-components/vite'
import { defineConfig } from 'vitest/config'
import { pack } from './scripts/pack.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  base: './',
  plugins: [
    vue(),
    VueI18n({ include: at('./src/locales/**/*.json'), runtimeOnly: true, compositionOnly: true, strictMessage: false }),
    // Only what a page uses goes into its chunk.
    AutoImport({ resolvers: [ElementPlusResolver()], dts: 'src/auto-imports.d.ts' }),
    Components({ dirs: [], resolvers: [ElementPlusResolver()], dts: 'src/components.d.ts' }),
    pack(at('./dist'), at('./dist.pack')),
  ],
  define: { __INTLIFY_DROP_MESSAGE_COMPILER__: true, __INTLIFY_JIT_COMPILATION__: false },
  resolve: { alias: { '@': at('./src') } },
  build: {
    target: 'chrome109',
    cssTarget: 'chrome109',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8444' } },
  test: { environment: 'node', include: ['tests/**/*.test.ts'] },
})
