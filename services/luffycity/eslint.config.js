import { defineConfigWithVueTs, vueTsConfigs } from '@vue/eslint-config-typescript'
import accessibility from 'eslint-plugin-vuejs-accessibility'
import vue from 'eslint-plugin-vue'

export default defineConfigWithVueTs(
  { ignores: ['dist/**', 'node_modules/**'] },
  vue.configs['flat/recommended'],
  vueTsConfigs.strict,
  accessibility.configs['flat/recommended'],
  {
    rules: {
      // Rich text from the API would have to be cleaned first.
      'vue/no-v-html': 'error',
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      // Text belongs in src/i18n; only marks without a language may stand in a template.
      'vue/no-bare-strings-in-template': ['error', { allowlist: ['…'] }],
      // These three are about taste in line breaks, not about mistakes.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      // What a component can do without is undefined then, as its type says.
      'vue/require-default-prop': 'off',
      // A label beside its control is as good as one around it.
      'vuejs-accessibility/label-has-for': ['error', { required: { some: ['nesting', 'id'] } }],
      eqeqeq: 'error',
      'no-console': ['error', { allow: ['error'] }],
    },
  },
  // Programs that people run say what they did.
  { files: ['scripts/**'], rules: { 'no-console': 'off' } },
)
