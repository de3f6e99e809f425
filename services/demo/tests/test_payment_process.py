"""The payment gateway as it starts, ends and starts again."""

import asyncio
from pathlib import Path

from tests.conftest import pages, running
from tests.merchant import (
    Merchant,
    environment,
    events,
    new_key,
    pay,
    private_pem,
    public_pem,
)


async def test_a_key_from_a_file_outlives_a_restart_and_trades_do_not(tmp_path: Path) -> None:
    key = new_key()
    path = tmp_path / "gateway.pem"
    path.write_text(private_pem(key))
    settings = environment(tmp_path, PAYMENT_PRIVATE_KEY_FILE=str(path))
    there = Merchant(public_pem(key))
    with running(**settings):
        async with pages() as client, there.listening():
            assert (await client.get("/alipay/key.pem")).text == public_pem(key)
            await pay(client, there.order("restart-1"))
            await there.wait_for(1)
    with running(**settings):
        async with pages() as client:
            answer = await there.ask("query", out_trade_no="restart-1")
            assert answer["sub_code"] == "ACQ.TRADE_NOT_EXIST"
            page = await client.get(there.order("restart-1"), follow_redirects=True)
            assert page.status_code == 200


async def test_without_a_key_each_start_makes_another(tmp_path: Path) -> None:
    keys = set()
    for _ in range(2):
        with running(**environment(tmp_path)):
            async with pages() as client:
                keys.add((await client.get("/alipay/key.pem")).text)
    assert len(keys) == 2
    assert all(key.startswith("-----BEGIN PUBLIC KEY-----") for key in keys)


async def test_it_stops_with_notifications_under_way_and_after_orders_expired(
    tmp_path: Path,
) -> None:
    with running(
        **environment(tmp_path, PAYMENT_NOTIFY_INTERVALS="60", PAYMENT_TRADE_EXPIRES="0.5")
    ):
        async with pages() as client:
            there = Merchant((await client.get("/alipay/key.pem")).text)
            await pay(client, there.order("stop-1"))  # nobody listens: it is tried again
            page = await client.get(there.order("expired-1"), follow_redirects=True)
            await asyncio.sleep(0.6)
            answer = await there.ask("query", out_trade_no="expired-1")
            assert answer["trade_status"] == "TRADE_CLOSED"
            assert (await there.ask("query", out_trade_no="stop-1"))["trade_status"] == (
                "TRADE_SUCCESS"
            )
            late = await client.post(f"{page.url.path}/pay", follow_redirects=True)
            assert late.status_code == 409
            assert "ConnectError" in (await events(client, "stop-1"))[0]
