import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { courseSchema } from '@/api/schemas'
import * as v from 'valibot'
import { course, fakeApi, wholeApi } from './fakeApi'
import { mountPage, settled } from './mountPage'

const SHORT = 'http://s.test:8002/asdf7Kq'

const dialog = () => document.querySelector<HTMLElement>('[role="dialog"]')
const field = () => dialog()?.querySelector('input') ?? expect.fail('no field')
const picture = () => dialog()?.querySelector('img') ?? null
const said = () => dialog()?.querySelector('[role="status"]')?.textContent

async function share(change: Record<string, unknown> = {}) {
  fakeApi({ ...wholeApi(), 'course/actual/7/': course(change) })
  const page = await mountPage('/courses/7')
  await page.wrapper.get('button.share').trigger('click')
  await settled()
  return page
}

async function copy() {
  const buttons = [...(dialog()?.querySelectorAll('button') ?? [])]
  buttons.find((one) => one.textContent === '复制链接')?.click()
  await flushPromises()
}

function clipboard(writeText: (text: string) => Promise<void>) {
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } })
}

describe('sharing a course', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('shows the short link, and its QR code by the service that made it', async () => {
    await share({ short_url: SHORT })
    expect(field().value).toBe(SHORT)
    expect(field().readOnly).toBe(true)
    expect(picture()?.getAttribute('src')).toBe(`${SHORT}.svg`)
    expect(picture()?.getAttribute('alt')).toContain(SHORT)
    expect(dialog()?.textContent).toContain('Django')
  })

  it.each([{}, { short_url: null }])('goes on with the page itself without one: %j', async (change) => {
    await share(change)
    expect(field().value).toBe(`${location.origin}/courses/7`)
    expect(picture()).toBeNull()
  })

  it('shows no broken picture while the service is away', async () => {
    await share({ short_url: SHORT })
    picture()?.dispatchEvent(new Event('error'))
    await flushPromises()
    expect(picture()).toBeNull()
    expect(field().value).toBe(SHORT)
  })

  it('copies the link and says so', async () => {
    await share({ short_url: SHORT })
    const copied: string[] = []
    clipboard(async (text) => void copied.push(text))
    await copy()
    expect(copied).toEqual([SHORT])
    expect(said()).toBe('已复制。')
  })

  it('copies it without a clipboard, as on sites without TLS', async () => {
    await share({ short_url: SHORT })
    clipboard(() => Promise.reject(new Error('not allowed')))
    document.execCommand = vi.fn(() => true)
    await copy()
    expect(document.execCommand).toHaveBeenCalledWith('copy')
    expect(document.activeElement).toBe(field())
    expect(said()).toBe('已复制。')
  })

  it('selects it for whoever has to copy it themselves', async () => {
    await share({ short_url: SHORT })
    clipboard(() => Promise.reject(new Error('not allowed')))
    document.execCommand = vi.fn(() => false)
    await copy()
    expect(said()).toContain('链接已选中')
    expect(field().selectionStart).toBe(0)
    expect(field().selectionEnd).toBe(SHORT.length)
  })

  it.each(['javascript:alert(1)', '', 7])('takes %j for none', (strange) => {
    expect(v.parse(courseSchema, course({ short_url: strange })).short_url).toBeNull()
  })
})
