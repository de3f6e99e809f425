import { describe, expect, it } from 'vitest'
import { failing, fakeApi, login, ofPeople, refusing, wholeApi, type Sent } from './fakeApi'
import { arrived, mountPage, says, type Page } from './mountPage'
import { settled } from './settled'

const good = { mobile: '13800000000', code: '123456', password: 'Segel-und-Wind-7' }

async function fillAndSubmit({ wrapper }: Page, fields: Record<string, string> = good) {
  for (const [name, value] of Object.entries(fields)) {
    await wrapper.get(`main [name="${name}"]`).setValue(value)
  }
  await wrapper.get('main form').trigger('submit')
  await settled()
}

const focused = () => document.activeElement?.getAttribute('name')

describe('registering', () => {
  it('logs in at once with the same password, and goes on', async () => {
    const sent: unknown[] = []
    const note = (answer: unknown) => (_: URLSearchParams, { body }: Sent) => {
      sent.push(JSON.parse(String(body)))
      return answer
    }
    fakeApi({
      ...wholeApi(),
      'POST user/register/': note({ code: 100, msg: 'ok' }),
      'POST user/login/mul_login/': note(login),
    })
    const page = await mountPage('/register?next=/courses')
    await fillAndSubmit(page)
    expect(sent).toEqual([good, { username: good.mobile, password: good.password }])
    await arrived(page, '/courses')
    await says('注册成功，欢迎！')
  })

  it('tells early that a phone is registered, and leads to the login with it', async () => {
    const requests = fakeApi({ 'user/mobile/check_mobile/': { code: 100, msg: 'ok' } })
    const page = await mountPage('/register?next=/courses')
    const phone = page.wrapper.get('[name="mobile"]')
    await phone.setValue('138 0000 0000')
    await phone.trigger('focusout')
    await settled()
    await phone.trigger('focusout')
    await settled()
    expect(ofPeople(requests)).toEqual(['user/mobile/check_mobile/?mobile=13800000000'])
    expect(page.wrapper.get('main [role="status"]').text()).toContain('已经注册过了')

    await page.wrapper.get('main [role="status"] a').trigger('click')
    await settled()
    await arrived(page, '/login?next=/courses')
    expect(page.wrapper.get<HTMLInputElement>('[name="username"]').element.value).toBe('13800000000')
  })

  it('says nothing of a phone that is free, or half a phone', async () => {
    const requests = fakeApi({ 'user/mobile/check_mobile/': { code: 101, msg: 'not registered' } })
    const page = await mountPage('/register')
    const phone = page.wrapper.get('[name="mobile"]')
    await phone.setValue('138')
    await phone.trigger('focusout')
    await phone.setValue('13800000000')
    await phone.trigger('focusout')
    await settled()
    expect(ofPeople(requests)).toHaveLength(1)
    expect(page.wrapper.get('main [role="status"]').text()).toBe('')
  })

  it('goes on when that cannot be asked', async () => {
    fakeApi({ 'user/mobile/check_mobile/': failing(429) })
    const page = await mountPage('/register')
    const phone = page.wrapper.get('[name="mobile"]')
    await phone.setValue('13800000000')
    await phone.trigger('focusout')
    await settled()
    expect(page.wrapper.get('main').text()).not.toContain('太频繁')
  })

  it('shows what the API refuses at its field', async () => {
    fakeApi({ 'POST user/register/': refusing(400, 'invalid', { errors: { password: ['太常见。', '太短。'] } }) })
    const page = await mountPage('/register')
    await fillAndSubmit(page)
    expect(focused()).toBe('password')
    expect(page.wrapper.get('main').text()).toContain('太常见。 太短。')

    fakeApi({ 'POST user/register/': refusing(400, 'wrong_code', { msg: '验证码错误。' }) })
    await fillAndSubmit(page)
    expect(focused()).toBe('code')

    fakeApi({ 'POST user/register/': refusing(409, 'already_registered', { msg: '已注册。' }) })
    await fillAndSubmit(page)
    expect(focused()).toBe('mobile')
    expect(page.wrapper.get('main [role="status"]').text()).toContain('用它登录')
  })

  it.each([
    [{ ...good, mobile: '23800000000' }, 'mobile', '请输入 11 位手机号。'],
    [{ ...good, code: '12345' }, 'code', '请输入 6 位数字验证码。'],
    [{ ...good, password: 'kurz' }, 'password', '密码至少要 8 个字符。'],
    [{ ...good, password: '1234567890' }, 'password', '密码不能全是数字。'],
  ])('refuses %j itself', async (fields, name, said) => {
    const requests = fakeApi({})
    const page = await mountPage('/register')
    await fillAndSubmit(page, fields)
    expect(ofPeople(requests)).toEqual([])
    expect(focused()).toBe(name)
    expect(page.wrapper.get('main').text()).toContain(said)
  })

  it('leads to the login where that does not go on by itself', async () => {
    fakeApi({ 'POST user/register/': { code: 100 }, 'POST user/login/mul_login/': failing(500) })
    const page = await mountPage('/register?next=/courses')
    await fillAndSubmit(page)
    await arrived(page, '/login?next=/courses')
    expect(page.wrapper.text()).toContain('注册成功，请登录。')
  })
})

describe('a lost password', () => {
  it('is set anew, and logs in', async () => {
    fakeApi({
      ...wholeApi(),
      'POST user/password/reset/': { code: 100, msg: 'ok' },
      'POST user/login/mul_login/': login,
    })
    const page = await mountPage('/password-reset?next=/courses')
    await fillAndSubmit(page)
    await arrived(page, '/courses')
    expect(page.wrapper.text()).toContain('密码已重设。')
  })

  it('leads to the login where that does not go on by itself', async () => {
    fakeApi({ 'POST user/password/reset/': { code: 100 }, 'POST user/login/mul_login/': failing(500) })
    const page = await mountPage('/password-reset?next=/courses')
    await fillAndSubmit(page)
    await arrived(page, '/login?next=/courses')
    expect(page.wrapper.text()).toContain('请用新密码登录')
  })

  it('needs the code that was sent', async () => {
    fakeApi({ 'POST user/password/reset/': refusing(400, 'wrong_code', { msg: '验证码错误。' }) })
    const page = await mountPage('/password-reset')
    await fillAndSubmit(page)
    expect(focused()).toBe('code')
    expect(page.router.currentRoute.value.path).toBe('/password-reset')
  })

  it('needs a site that sends text messages, and says so where it does not', async () => {
    fakeApi({ 'POST user/send/send_message/': refusing(503, 'sms_not_configured', { msg: '本站不发送短信。' }) })
    const { wrapper } = await mountPage('/password-reset')
    await wrapper.get('[name="mobile"]').setValue('13800000000')
    await wrapper.get('main .send').trigger('click')
    await settled()
    expect(wrapper.get('main').text()).toContain('本站不发送短信。')
    expect(wrapper.get('main').text()).toContain('请稍后再试')
  })
})
