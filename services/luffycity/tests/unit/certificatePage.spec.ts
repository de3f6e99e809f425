import { flushPromises } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { failing, fakeApi, refusing, wholeApi } from './fakeApi'
import { good } from './learningApi'
import { arrived, mountPage } from './mountPage'

const certificate = {
  code: '0123456789ABCDEFGHJK',
  name: 'Ada',
  course: 'Django',
  issued: '2026-01-02T03:04:05Z',
}

describe('the page that verifies certificates', () => {
  it('asks for the code, and shows whose it is', async () => {
    const requests = fakeApi({ ...wholeApi(), 'learning/certificate/01234-56789-abcde-fghjk/': good(certificate) })
    const page = await mountPage('/certificate')
    await page.wrapper.get('input[name="code"]').setValue(' 01234-56789-abcde-fghjk ')
    await page.wrapper.get('main form').trigger('submit')
    await arrived(page, '/certificate/01234-56789-abcde-fghjk')
    expect(requests).toContain('learning/certificate/01234-56789-abcde-fghjk/')
    const shown = page.wrapper.get('article').text()
    for (const part of ['Ada', 'Django', '2026年1月2日', '01234-56789-ABCDE-FGHJK']) {
      expect(shown).toContain(part)
    }
    expect(page.wrapper.get('article a').attributes('href')).toBe(
      '/api/v1/learning/certificate/0123456789ABCDEFGHJK/pdf/',
    )
  })

  it('needs a code', async () => {
    fakeApi(wholeApi())
    const { wrapper } = await mountPage('/certificate')
    await wrapper.get('main form').trigger('submit')
    await vi.waitFor(() => expect(wrapper.get('main form').text()).toContain('请输入证书编号'))
  })

  it('tells that there is none, and keeps the code to be mended', async () => {
    fakeApi({ ...wholeApi(), 'learning/certificate/XYZ/': refusing(404, 'not_found') })
    const { wrapper } = await mountPage('/certificate/XYZ')
    expect(wrapper.text()).toContain('没有这份证书')
    expect(wrapper.get<HTMLInputElement>('input[name="code"]').element.value).toBe('XYZ')
    expect(document.head.querySelector('meta[name="robots"]')).not.toBeNull()
  })

  it('names nobody who left, and prints nothing for them', async () => {
    fakeApi({ ...wholeApi(), 'learning/certificate/XYZ/': good({ ...certificate, name: '' }) })
    const { wrapper } = await mountPage('/certificate/XYZ')
    expect(wrapper.get('article').text()).toContain('持有人已注销账户')
    expect(wrapper.find('article a').exists()).toBe(false)
  })

  it('can be asked again after a failure, and when it was asked too often', async () => {
    fakeApi({ ...wholeApi(), 'learning/certificate/XYZ/': failing(500) })
    const { wrapper } = await mountPage('/certificate/XYZ')
    fakeApi({ ...wholeApi(), 'learning/certificate/XYZ/': good(certificate) })
    await wrapper.get('[role="alert"] button').trigger('click')
    await flushPromises()
    expect(wrapper.get('article').text()).toContain('Ada')
  })
})
