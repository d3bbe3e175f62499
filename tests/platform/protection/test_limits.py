"""Who is refused, who is not, and that memory has an end."""

from typing import Any

import pytest

from src.platform.errors import TooManyRequests
from src.platform.protection import limits
from src.platform.protection.limits import Limiter, Limits

LOGIN = frozenset({"/login"})
MINUTE = 60.0


class Clock:
    """A time that tests move."""

    def __init__(self) -> None:
        self.now = 1000 * MINUTE

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moved = Clock()
    monkeypatch.setattr(limits, "time", moved)
    return moved


def request(
    *, token: str = "", cookie: str = "", address: str = "192.0.2.1", path: str = "/baskets/", method: str = "GET"
) -> Any:
    headers = [(b"host", b"shop.test")]
    if token:
        headers.append((b"authorization", token.encode()))
    if cookie:
        headers.append((b"cookie", cookie.encode()))
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": headers,
        "client": (address, 5000),
        "state": {},
    }


def limiter(*, proxies: int = 0, most: int = 100, **limits: int) -> Limiter:
    made = Limiter(proxies, LOGIN, most=most)
    made.limits = Limits(**limits)
    return made


def admitted(made: Limiter, scope: Any, times: int) -> int:
    return sum(made.admit(scope) is None for _ in range(times))


def test_each_token_has_a_limit_of_its_own(clock: Clock) -> None:
    made = limiter(per_token=3)
    assert admitted(made, request(token="Token aaaaaaaa"), 5) == 3
    assert admitted(made, request(token="Token bbbbbbbb"), 5) == 3
    assert admitted(made, request(cookie="osessionid=cccc"), 5) == 3
    assert admitted(made, request(), 50) == 50
    clock.now += 2 * MINUTE
    assert admitted(made, request(token="Token aaaaaaaa"), 5) == 3


@pytest.mark.parametrize("other", ["Bearer aaaaaaaa", "token   aaaaaaaa ", "TOKEN aaaaaaaa"])
def test_token_written_otherwise_is_the_same(other: str) -> None:
    made = limiter(per_token=2)
    assert admitted(made, request(token="Token aaaaaaaa"), 2) == 2
    assert admitted(made, request(token=other), 2) == 0


@pytest.mark.parametrize("other", ["a=1; osessionid=cccc", "osessionid=x; osessionid=cccc", "osessionid=%63ccc;b"])
def test_session_written_otherwise_is_the_same(other: str) -> None:
    made = limiter(per_token=2)
    assert admitted(made, request(cookie="osessionid=cccc"), 2) == 2
    assert admitted(made, request(cookie=other), 2) == 0


def test_each_address_has_a_limit_whatever_it_presents() -> None:
    made = limiter(per_address=3)
    assert admitted(made, request(), 2) + admitted(made, request(token="Token aaaaaaaa"), 2) == 3
    assert admitted(made, request(address="192.0.2.2"), 4) == 3
    assert admitted(made, request(address="2001:db8::1"), 2) + admitted(made, request(address="2001:db8::2"), 2) == 3


def test_refused_requests_do_not_count_and_learn_when_to_come_back(clock: Clock) -> None:
    made = limiter(per_token=3, per_address=100)
    scope = request(token="Token aaaaaaaa")
    assert admitted(made, scope, 50) == 3
    assert admitted(made, request(), 100) == 97
    refusal = made.admit(scope)
    assert isinstance(refusal, TooManyRequests)
    clock.now += int(refusal.headers["Retry-After"])
    assert made.admit(scope) is None


def test_health_is_never_limited() -> None:
    made = limiter(per_token=1, per_address=1)
    assert admitted(made, request(token="Token aaaaaaaa", path="/health/ready"), 9) == 9


def test_nothing_is_watched_while_there_is_no_limit_and_no_suspect() -> None:
    made = limiter(failed_sign_ins=10)
    assert not made.is_watching
    for _ in range(5):
        made.answered(request(token="Token wrong"), 401)
    assert made.is_watching


def test_new_credentials_wait_where_too_many_were_wrong_and_good_ones_go_on(clock: Clock) -> None:
    made = limiter(failed_sign_ins=10)
    good, anonymous = request(token="Token good-one"), request()
    for number in range(10):
        assert made.admit(request(token=f"Token wrong-{number}")) is None
        made.answered(request(token=f"Token wrong-{number}"), 401)
        assert made.admit(good) is None
        made.answered(good, 200)
    assert made.admit(request(token="Token wrong-11")) is not None
    assert made.admit(request(path="/login", method="POST")) is not None
    assert made.admit(request(token="Token wrong-11", address="192.0.2.2")) is None
    assert made.admit(good) is None
    assert made.admit(anonymous) is None
    clock.now += 3 * MINUTE
    made.tidy(clock.now)
    assert not made.is_watching
    assert len(made) == 0


def test_wrong_sign_ins_by_form_count_and_anonymous_shoppers_do_not() -> None:
    made = limiter(failed_sign_ins=4)
    for _ in range(50):
        made.answered(request(), 401)
        made.answered(request(token="Token a-good-one"), 403)
        made.answered(request(path="/login"), 403)
    assert not made.is_watching
    for _ in range(4):
        made.answered(request(path="/login", method="POST"), 403)
    assert made.admit(request(path="/login", method="POST")) is not None


@pytest.mark.parametrize("kind", ["token", "address", "sign_in"])
def test_memory_has_an_end(kind: str, clock: Clock) -> None:
    made = limiter(most=50, per_token=5, per_address=5, failed_sign_ins=5)
    for number in range(500):
        scope = request(
            token=f"Token token-{number if kind == 'token' else 0}",
            address=f"10.0.{number // 250}.{number % 250}" if kind != "token" else "192.0.2.1",
        )
        made.admit(scope)
        if kind == "sign_in":
            made.answered(scope, 401)
    assert len(made) <= 3 * 50
    clock.now += 3 * MINUTE
    made.tidy(clock.now)
    assert len(made) == 0


def test_whoever_went_away_is_told_once_and_then_forgotten(clock: Clock) -> None:
    made = limiter(per_token=5, per_address=5)
    assert admitted(made, request(token="Token aaaaaaaa"), 3) == 3
    told = [(actor.kind, *counts) for actor, _, *counts in made.news(clock.now)]
    assert told == [(limits.TOKEN, 3, 0), (limits.ADDRESS, 3, 0)]
    for _ in range(3):
        clock.now += MINUTE
        assert [*made.news(clock.now)] == []
    made.tidy(clock.now)
    assert len(made) == 0


def test_made_up_credentials_do_not_take_the_place_of_real_ones() -> None:
    made = limiter(most=50, per_token=5, failed_sign_ins=1000)
    real = request(token="Token a-real-one")
    assert admitted(made, real, 9) == 5
    for number in range(200):
        scope = request(token=f"Token made-up-{number}")
        made.admit(scope)
        made.answered(scope, 401)
    assert admitted(made, real, 9) == 0
