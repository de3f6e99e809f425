import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { isPhone, maskedPhone, phoneOf } from '@/composables/accountRules'
import { usePhoneStore } from '@/stores/phone'

describe('a phone number', () => {
  it.each(['13800000000', '138 0000 0000', '138-0000-0000', '+8613800000000', '+86 138 0000 0000', '008613800000000'])(
    'may be written as %s',
    (text) => {
      expect(phoneOf(text)).toBe('13800000000')
      expect(isPhone(text)).toBe(true)
    },
  )

  it.each(['', '1380000000', '138000000000', '12800000000', '1380000000a', '+4913800000000'])(
    'is not %s',
    (text) => expect(isPhone(text)).toBe(false),
  )

  it('is not shown whole', () => {
    expect(maskedPhone('13812345678')).toBe('138****5678')
  })
})

describe('what is remembered of phones', () => {
  const open = () => {
    setActivePinia(createPinia())
    return usePhoneStore()
  }

  beforeEach(() => sessionStorage.clear())

  it('outlives a reload', () => {
    open().wait('13800000000', 60)
    const after = open()
    expect(after.number).toBe('13800000000')
    expect(after.waits['13800000000']).toBeGreaterThan(Date.now() + 58_000)
  })

  it('has no waits that are over', () => {
    const phones = open()
    phones.wait('13800000000', -1)
    phones.wait('13800000001', 60)
    expect(Object.keys(phones.waits)).toEqual(['13800000001'])
  })

  it.each(['no JSON', 'null', '[]', '{"number":1}', '{"number":"1","waits":{"a":"b"}}'])(
    'is nothing where somebody else wrote %s',
    (text) => {
      sessionStorage.setItem('luffy.phone', text)
      expect(open()).toMatchObject({ number: '', waits: {} })
    },
  )
})
