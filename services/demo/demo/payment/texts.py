"""What the cashier says, in Chinese and English, and which of them a person reads."""

TEXTS: dict[str, dict[str, str]] = {
    "zh": {
        "title": "收银台",
        "notice": "演示收银台：不会产生真实付款。",
        "seller": "收款方",
        "order": "订单号",
        "subject": "商品",
        "expires": "请在此时间前付款",
        "pay": "确认付款",
        "cancel": "取消",
        "faults": "故障测试",
        "fault": "付款后的异常",
        "no_fault": "无",
        "seconds": "秒数",
        "paid": "付款成功",
        "paid_detail": "该订单已付款。",
        "closed": "交易已关闭",
        "closed_detail": "该订单已超时或已关闭，无法付款。",
        "cancelled": "尚未付款",
        "cancelled_detail": "您取消了本次付款。订单在到期前仍可付款。",
        "again": "返回收银台",
        "back": "返回商家",
        "refused": "无法付款",
        "refused_detail": "支付请求有误。请返回商家重新下单，或联系商家。",
        "unknown": "页面不存在",
        "unknown_detail": "没有这笔交易，或收银台已重新启动。请返回商家重新下单。",
        "language": "English",
    },
    "en": {
        "title": "Cashier",
        "notice": "A cashier for demonstration: no real money is paid.",
        "seller": "Paid to",
        "order": "Order",
        "subject": "For",
        "expires": "To be paid before",
        "pay": "Pay",
        "cancel": "Cancel",
        "faults": "Faults for tests",
        "fault": "What goes wrong after paying",
        "no_fault": "nothing",
        "seconds": "Seconds",
        "paid": "Paid",
        "paid_detail": "This order is paid.",
        "closed": "Closed",
        "closed_detail": "The time to pay this order is over, or it was closed. It cannot be paid.",
        "cancelled": "Not paid",
        "cancelled_detail": "You cancelled. The order can be paid until its time is over.",
        "again": "Back to the cashier",
        "back": "Back to the seller",
        "refused": "This cannot be paid",
        "refused_detail": "The payment was asked for wrongly. Go back to the seller and order "
        "again, or tell them.",
        "unknown": "No such page",
        "unknown_detail": "There is no such payment, or the cashier was started anew. Go back to "
        "the seller and order again.",
        "language": "中文",
    },
}


def choose_language(asked: str | None, accepted: str) -> str:
    """`zh` or `en`: the one asked for, else the first that the browser accepts (RFC 9110,
    12.5.4), else Chinese."""
    if asked in TEXTS:
        return asked
    ranked = []
    for position, part in enumerate(accepted[:1000].split(",")):
        name, _, weight = part.strip().partition(";")
        language = name.strip().lower().partition("-")[0]
        if language in TEXTS:
            ranked.append((-_weight(weight), position, language))
    return min(ranked)[2] if ranked else "zh"


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0
