import { describe, expect, it } from 'vitest'
import { failing, fakeApi, login, ofPeople, refusing, wholeApi, type Sent } from './fakeApi'
import { arrived, mountPage, type Page } from './mountPage'
import { settled } from './settled'

async function fill({ wrapper }: Page, fields: Record<string, string>) {
  for (const [name, value] of Object.entries(fields)) {
    await wrapper.get(`main [name="${name}"]`).setValue(value)
  }
}

async function submit({ wrapper }: Page) {
  await wrapper.get('main form').trigger('submit')
  await settled()
}

const alerts = ({ wrapper }: Page) =>
  wrapper.findAll('main [role="alert"]').map((one) => one.text()).filter(Boolean)

describe('logging in by password', () => {
  it('goes on to where one wanted to, and the header says who is here', async () => {
    let body: unknown
    fakeApi({
      ...wholeApi(),
      'POST user/login/mul_login/': (_: URLSearchParams, sent: Sent) => {
        body = JSON.parse(String(sent.body))
        return login
      },
    })
    const page = await mountPage('/login?next=/courses')
    await fill(page, { username: ' nami ', password: ' with blanks ' })
    await submit(page)
    expect(body).toEqual({ username: 'nami', password: ' with blanks ' })
    await arrived(page, '/courses')
    expect(page.wrapper.get('header button[aria-expanded]').attributes('aria-label')).toContain('Nami')
  })

  it('says what does not fit, and keeps what was typed', async () => {
    fakeApi({ 'POST user/login/mul_login/': refusing(401, 'wrong_credentials', { msg: '账号或密码错误。' }) })
    const page = await mountPage('/login')
    await fill(page, { username: 'nami', password: 'x' })
    await submit(page)
    expect(alerts(page)).toEqual(['账号或密码错误。'])
    expect(page.wrapper.get<HTMLInputElement>('main [name="username"]').element.value).toBe('nami')
  })

  it('asks for both fields', async () => {
    const requests = fakeApi({})
    const page = await mountPage('/login')
    await submit(page)
    expect(page.wrapper.findAll('[aria-invalid="true"]')).toHaveLength(2)
    expect(document.activeElement?.getAttribute('name')).toBe('username')
    expect(ofPeople(requests)).toEqual([])
  })

  it('says how long to wait after too many tries', async () => {
    fakeApi({
      'POST user/login/mul_login/': () =>
        new Response('{"code":429,"error":"throttled","msg":"x"}', {
          status: 429,
          headers: { 'Retry-After': '600' },
        }),
    })
    const page = await mountPage('/login')
    await fill(page, { username: 'nami', password: 'x' })
    await submit(page)
    expect(alerts(page)[0]).toContain('10分钟')
  })

  it('says that the service has a problem', async () => {
    fakeApi({ 'POST user/login/mul_login/': failing(500) })
    const page = await mountPage('/login')
    await fill(page, { username: 'nami', password: 'x' })
    await submit(page)
    expect(alerts(page)[0]).toContain('课程服务出了问题')
  })

  it('lets a password manager know the fields', async () => {
    fakeApi({})
    const { wrapper } = await mountPage('/login')
    expect(wrapper.get('[name="username"]').attributes('autocomplete')).toBe('username')
    expect(wrapper.get('[name="password"]').attributes('autocomplete')).toBe('current-password')
  })

  it('goes on too when one logs in in another tab', async () => {
    fakeApi({ ...wholeApi(), 'POST user/token/refresh/': login })
    const page = await mountPage('/login?next=/courses')
    localStorage.setItem('luffy.signedIn', 'b')
    dispatchEvent(new StorageEvent('storage', { key: 'luffy.signedIn' }))
    await arrived(page, '/courses')
  })

  it('leads to registering and to a new password, and keeps where to go on', async () => {
    fakeApi({})
    const { wrapper } = await mountPage('/login?next=/courses')
    const links = wrapper.findAll('main a').map((link) => link.attributes('href'))
    expect(links).toEqual(['/register?next=/courses', '/password-reset?next=/courses'])
  })
})

describe('logging in by code', () => {
  const sending = 'POST user/send/send_message/'
  const code = (page: Page) => page.wrapper.get('main .send')
  const send = async (page: Page) => {
    await code(page).trigger('click')
    await settled()
  }

  it('has a code sent, waits a minute for the next, and leads to its field', async () => {
    let body: unknown
    fakeApi({
      [sending]: (_: URLSearchParams, sent: Sent) => {
        body = JSON.parse(String(sent.body))
        return { code: 100, msg: '验证码即将送达。' }
      },
    })
    const page = await mountPage('/login?by=code')
    await fill(page, { mobile: '+86 138-0000-0000' })
    await send(page)
    expect(body).toEqual({ phone: '13800000000', purpose: 'login' })
    expect(page.wrapper.get('main [role="status"]').text()).toBe('验证码即将送达。')
    expect(code(page).text()).toBe('60秒后重发')
    expect(code(page).attributes('aria-disabled')).toBe('true')
    const field = page.wrapper.get('[name="code"]')
    expect(document.activeElement).toBe(field.element)
    expect(field.attributes()).toMatchObject({ autocomplete: 'one-time-code', inputmode: 'numeric' })
  })

  it('still waits, and knows the phone, after a reload', async () => {
    const requests = fakeApi({ [sending]: { code: 100, msg: 'ok' } })
    const before = await mountPage('/login?by=code')
    await fill(before, { mobile: '13800000000' })
    await send(before)
    before.wrapper.unmount()

    const after = await mountPage('/login?by=code')
    expect(after.wrapper.get<HTMLInputElement>('[name="mobile"]').element.value).toBe('13800000000')
    expect(code(after).text()).toMatch(/^(60|59)秒后重发$/)
    await send(after)
    expect(requests.filter((one) => one === sending)).toHaveLength(1)
  })

  it('waits for one phone alone', async () => {
    fakeApi({ [sending]: { code: 100, msg: 'ok' } })
    const page = await mountPage('/login?by=code')
    await fill(page, { mobile: '13800000000' })
    await send(page)
    await fill(page, { mobile: '13800000001' })
    expect(code(page).attributes('aria-disabled')).toBe('false')
  })

  it('waits as long as the API says', async () => {
    fakeApi({
      [sending]: () =>
        new Response('{"code":429,"error":"throttled","msg":"x"}', {
          status: 429,
          headers: { 'Retry-After': '37' },
        }),
    })
    const page = await mountPage('/login?by=code')
    await fill(page, { mobile: '13800000000' })
    await send(page)
    expect(code(page).text()).toBe('37秒后重发')
    expect(alerts(page)[0]).toContain('37秒')
  })

  it('asks for a phone first', async () => {
    const requests = fakeApi({})
    const page = await mountPage('/login?by=code')
    await fill(page, { mobile: '12345' })
    await send(page)
    expect(ofPeople(requests)).toEqual([])
    expect(document.activeElement?.getAttribute('name')).toBe('mobile')
    expect(page.wrapper.get('main').text()).toContain('请输入 11 位手机号。')
  })

  it.each([
    ['sms_not_configured', '本站不发送短信。'],
    ['sms_unavailable', '短信没有发出。'],
  ])('says that no code can be sent (%s), and that the password does', async (word, msg) => {
    fakeApi({ [sending]: refusing(503, word, { msg }) })
    const page = await mountPage('/login?by=code')
    await fill(page, { mobile: '13800000000' })
    await send(page)
    expect(alerts(page)).toEqual([msg])
    await page.wrapper.get('main .text-link').trigger('click')
    await settled()
    expect(page.wrapper.find('[name="password"]').exists()).toBe(true)
    expect(page.wrapper.get<HTMLInputElement>('[name="username"]').element.value).toBe('13800000000')
  })

  it('shows at its field that the code is wrong', async () => {
    fakeApi({ 'POST user/login/sms_login/': refusing(400, 'wrong_code', { msg: '验证码错误。' }) })
    const page = await mountPage('/login?by=code')
    await fill(page, { mobile: '13800000000', code: '123 456' })
    await submit(page)
    expect(document.activeElement?.getAttribute('name')).toBe('code')
    expect(page.wrapper.get('main').text()).toContain('验证码错误。')
  })

  it('goes on to where one wanted to', async () => {
    let body: unknown
    fakeApi({
      ...wholeApi(),
      'POST user/login/sms_login/': (_: URLSearchParams, sent: Sent) => {
        body = JSON.parse(String(sent.body))
        return login
      },
    })
    const page = await mountPage('/login?by=code&next=/courses')
    await fill(page, { mobile: '13800000000', code: '123 456' })
    await submit(page)
    expect(body).toEqual({ mobile: '13800000000', code: '123456' })
    await arrived(page, '/courses')
  })
})
