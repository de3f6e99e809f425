/** A course in the cart that costs 39.00, and what is different of it. */
export function cartItem(course: number, change: Record<string, unknown> = {}) {
  return {
    course,
    name: `Course ${course}`,
    course_img: null,
    price: '39.00',
    available: true,
    why_not: '',
    ...change,
  }
}

const times = (count: number, each = 39) => `${count * each}.00`

/** The API's answer with a cart of these courses. */
export function cartOf(...items: ReturnType<typeof cartItem>[]) {
  const total_amount = times(items.filter((item) => item.available).length)
  return { code: 100, msg: 'ok', result: { items, total_amount } }
}

/** A quote for courses of 39.00 each, from each of which a coupon takes 3.90. */
export function quoteOf(courses: number[], coupon = '') {
  const lines = courses.map((course) => ({
    course,
    name: `Course ${course}`,
    price: '39.00',
    real_price: coupon ? '35.10' : '39.00',
  }))
  const total = coupon ? (courses.length * 35.1).toFixed(2) : times(courses.length)
  return {
    code: 100,
    msg: 'ok',
    result: {
      courses: lines,
      amount: times(courses.length),
      discount: coupon ? (courses.length * 3.9).toFixed(2) : '0.00',
      total_amount: total,
      coupon: coupon || null,
      coupon_name: coupon ? 'Ten per cent' : null,
    },
  }
}

/** An order that waits to be paid for half an hour, and what is different of it. */
export function order(change: Record<string, unknown> = {}) {
  return {
    out_trade_no: 'a1',
    subject: 'Course 7',
    amount: '39.00',
    discount: '0.00',
    total_amount: '39.00',
    refunded_amount: '0.00',
    coupon: null,
    order_status: 0,
    order_status_name: 'Unpaid',
    pay_type: 1,
    created: '2026-05-01T08:00:00+08:00',
    expires: new Date(Date.now() + 1_800_000).toISOString(),
    pay_time: null,
    can_pay: true,
    details: [
      { course: 7, name: 'Course 7', course_img: null, price: '39.00', real_price: '39.00', refunded: false },
    ],
    ...change,
  }
}

export const paid = { order_status: 1, can_pay: false, pay_time: '2026-05-01T08:05:00+08:00' }

export function answered(result: unknown) {
  return { code: 100, msg: 'ok', result }
}

export function payment(change: Record<string, unknown> = {}) {
  return {
    code: 100,
    msg: 'ok',
    pay_url: 'https://gateway.test/pay?no=a1',
    out_trade_no: 'a1',
    total_amount: '39.00',
    order_status: 0,
    ...change,
  }
}
