import { fileURLToPath, URL } from 'node:url'
import vueI18n from '@intlify/unplugin-vue-i18n/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// Where `npm run dev` finds an API; the built site never contains it.
const devApi = process.env.API_ORIGIN ?? 'http://127.0.0.1:8000'

// What pages share, by what it needs: a page with neither a form nor a dialog loads nothing for them.
const FORMS =
  /vee-validate|\/src\/(components\/(account\/|forms\/(FormField|PasswordField|SubmitButton)|shop\/CouponForm)|composables\/(apiForm|accountRules))/
const DIALOGS =
  /reka-ui\/dist\/(Dialog|FocusScope|DismissableLayer|Teleport|shared\/useBodyScrollLock)|aria-hidden|defu|\/src\/components\/(base\/\w+Dialog|shop\/OrderActions|learning\/CertificateButton)/
const LISTS = /\/src\/(components\/(catalogue|base\/(Pager|pageWindow|Nothing))|stores\/courseList)/

export default defineConfig({
  plugins: [
    vue(),
    // Texts are compiled here, so that no visitor's browser has to, nor loads what does it.
    vueI18n({
      include: [fileURLToPath(new URL('./src/i18n/*/*.json', import.meta.url))],
      runtimeOnly: true,
      strictMessage: true,
    }),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    // The Content-Security-Policy allows no data: addresses, so nothing is inlined.
    assetsInlineLimit: 0,
    // One style sheet: the pages' own are small, and to fetch each takes longer than to have it.
    cssCodeSplit: false,
    // scripts/check-bundle.mjs reads it to measure the first load.
    manifest: true,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // Few files: over HTTP/1.1 a browser asks for six at a time, and each costs a way there and back.
        codeSplitting: {
          // Each module is where it belongs, and not where the first that needs it does.
          includeDependenciesRecursively: false,
          groups: [
            // What every first visit needs.
            { name: 'app', tags: ['$initial'], priority: 4 },
            { name: 'forms', test: FORMS, minShareCount: 2, priority: 3 },
            { name: 'dialogs', test: DIALOGS, minShareCount: 2, priority: 3 },
            { name: 'widgets', test: /node_modules/, minShareCount: 2, priority: 2 },
            { name: 'lists', test: LISTS, minShareCount: 2, priority: 2 },
            { name: 'shared', test: /\/src\//, minShareCount: 2, priority: 1 },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      '/api': { target: devApi, changeOrigin: true },
      '/media': { target: devApi, changeOrigin: true },
      '/protected': { target: devApi, changeOrigin: true },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['tests/unit/**/*.spec.ts'],
    setupFiles: ['tests/unit/setup.ts'],
    restoreMocks: true,
    // The first test of a file loads its page: on a busy machine longer than the usual five seconds.
    testTimeout: 30_000,
    unstubGlobals: true,
  },
})
