"""Who is served by which listener."""

import base64

import pytest

from broute_addon.redaction import Secret
from broute_addon.web.access import SUPERVISOR_PEER, Access, Verdict

ADD_ON = Access(has_supervisor=True)
OPEN = Access()
LOCKED = Access(password=Secret("open sesame"))
SERVED, FORBIDDEN, NEEDED = Verdict.SERVED, Verdict.FORBIDDEN, Verdict.PASSWORD_NEEDED
ELSEWHERE = "192.0.2.7"


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("access", "peer", "authorization", "look", "press"),
    [
        (ADD_ON, SUPERVISOR_PEER, "", SERVED, SERVED),
        (ADD_ON, "127.0.0.1", "", SERVED, SERVED),
        (ADD_ON, "172.30.33.4", "", FORBIDDEN, FORBIDDEN),
        (ADD_ON, ELSEWHERE, basic("a:b"), FORBIDDEN, FORBIDDEN),
        (ADD_ON, None, "", FORBIDDEN, FORBIDDEN),
        (OPEN, "::1", "", SERVED, SERVED),
        (OPEN, ELSEWHERE, "", SERVED, FORBIDDEN),
        (OPEN, SUPERVISOR_PEER, "", SERVED, FORBIDDEN),
        (LOCKED, "127.0.0.1", "", SERVED, SERVED),
        (LOCKED, ELSEWHERE, "", NEEDED, NEEDED),
        (LOCKED, ELSEWHERE, basic("anybody:open sesame"), SERVED, SERVED),
        (LOCKED, ELSEWHERE, basic("anybody:open"), NEEDED, NEEDED),
        (LOCKED, ELSEWHERE, "Basic !!!", NEEDED, NEEDED),
        (LOCKED, ELSEWHERE, "Bearer open sesame", NEEDED, NEEDED),
    ],
)
def test_only_who_may_is_served(
    access: Access, peer: str | None, authorization: str, look: Verdict, press: Verdict
) -> None:
    assert access.verdict(peer, authorization, changes=False) is look
    assert access.verdict(peer, authorization, changes=True) is press


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("localhost", True),
        ("localhost:8099", True),
        ("broute.localhost:8099", True),
        ("127.0.0.1:8099", True),
        ("[::1]:8099", True),
        ("evil.example", False),
        ("evil.example:8099", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example:8099", False),
        ("192.0.2.7:8099", False),
        ("", False),
    ],
)
def test_a_foreign_name_for_this_machine_is_no_way_in(host: str, is_ours: bool) -> None:
    assert OPEN.verdict("127.0.0.1", "", changes=True, host=host) is (
        SERVED if is_ours else FORBIDDEN
    )
    assert OPEN.verdict("127.0.0.1", "", changes=False, host=host) is SERVED
    assert LOCKED.verdict("127.0.0.1", "", changes=False, host=host) is (
        SERVED if is_ours else NEEDED
    )
    assert ADD_ON.verdict("127.0.0.1", "", changes=True, host=host) is SERVED
