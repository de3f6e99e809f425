import * as v from 'valibot'
import { useI18n } from 'vue-i18n'

export const PASSWORD_MIN_LENGTH = 8
export const NAME_MAX_LENGTH = 30

const MOBILE = /^1[3-9]\d{9}$/

/** A phone number as it is stored: people write blanks, hyphens and the country's code. */
export function phoneOf(text: string): string {
  return text.replace(/[\s-]/g, '').replace(/^(\+|00)86/, '')
}

/** Whether `text` is a phone number that may have an account. */
export function isPhone(text: string): boolean {
  return MOBILE.test(phoneOf(text))
}

/** A phone number as it may stand on a page that others look at, too: 138****0000. */
export function maskedPhone(phone: string): string {
  return phone.replace(/^(\d{3})\d+(\d{4})$/, '$1****$2')
}

/** The fields that the forms of an account have in common. The API's rules, said before it has to. */
export function useAccountRules() {
  const { t } = useI18n()
  const needed = (label: string) => v.minLength<string, 1, string>(1, t('form.required', { name: label }))
  const nameLength = v.maxLength<string, number, string>(
    NAME_MAX_LENGTH,
    t('account.rule.nameLong', { n: NAME_MAX_LENGTH }),
  )

  return {
    phone: v.pipe(
      v.string(),
      needed(t('account.field.phone')),
      v.transform(phoneOf),
      v.regex(MOBILE, t('account.rule.phone')),
    ),
    code: v.pipe(
      v.string(),
      needed(t('account.field.code')),
      v.transform((text) => text.replace(/\s/g, '')),
      v.regex(/^\d{6}$/, t('account.rule.code')),
    ),
    /** One that exists already: only the API can say whether it is right. */
    password: v.pipe(v.string(), needed(t('account.field.password'))),
    newPassword: v.pipe(
      v.string(),
      needed(t('account.field.password')),
      v.minLength(PASSWORD_MIN_LENGTH, t('account.rule.passwordShort', { n: PASSWORD_MIN_LENGTH })),
      v.regex(/\D/, t('account.rule.passwordDigits')),
    ),
    name: v.pipe(v.string(), v.trim(), needed(t('account.field.name')), nameLength),
    /** The name of who has none yet. */
    firstName: v.pipe(v.string(), v.trim(), nameLength),
    email: v.pipe(
      v.string(),
      v.trim(),
      v.union([v.literal(''), v.pipe(v.string(), v.email(t('account.rule.email')))]),
    ),
  }
}
