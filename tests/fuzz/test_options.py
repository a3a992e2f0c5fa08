"""Any JSON value as options: never an exception, never a secret in a sentence."""

import string
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from broute_addon.messages import Language
from broute_addon.options import OPTIONS_SCHEMA, LoadedOptions, Options, parse_options
from tests.fuzz.effort import tries

_keys = st.sampled_from(sorted(OPTIONS_SCHEMA["properties"])) | st.text(max_size=30)
_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from([-1, 0, 1, 4, 5, 3600, 3601, 65_535, 65_536])
    | st.sampled_from(
        ["０" * 32, "0" * 32, "ー" * 12, "A1b2C3d4E5f6", "debug", "../ca.pem", "\ud800"]
    )
)
values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=8,
)
_panels = st.fixed_dictionaries({}, optional=dict.fromkeys(OPTIONS_SCHEMA["properties"], _scalars))
documents = _panels | st.dictionaries(_keys, values, max_size=10) | values


def sentences(loaded: LoadedOptions) -> str:
    """All that is told of the faults, in both languages and in every way to print them."""
    told = [fault.message.text(language) for fault in loaded.faults for language in Language]
    printed = [f"{fault} {fault!r} {fault.__cause__!r}" for fault in loaded.faults]
    return " ".join([*told, *printed, repr(loaded), repr(loaded.options)])


@tries(50)
@given(documents)
def test_any_json_value_is_options_and_faults(raw: object) -> None:
    loaded = parse_options(raw)
    sentences(loaded)
    options, defaults = loaded.options, Options()
    assert 5 <= options.poll_interval <= 3600
    assert options.language in {"auto", "en", "ja"}
    if isinstance(raw, dict):
        for key, rule in OPTIONS_SCHEMA["properties"].items():
            if key not in raw:
                assert getattr(options, key) == getattr(defaults, key), rule
    if loaded.has_credentials:
        assert options.route_b_id is not None
        assert len(options.route_b_id.reveal()) == 32


_alphabet = string.ascii_letters + string.digits
_route_b_ids = st.text("0123456789ABCDEFabcdef", min_size=30, max_size=34)
_passwords = st.text(_alphabet, min_size=11, max_size=14)
_places = st.sampled_from(
    ["route_b_id", "route_b_password", "mqtt_password", "poll_interval", "mqtt_tls", "history",
     "language", "log_level", "mqtt_port", "mqtt_ca"]
)  # fmt: skip


_SHOWN = ("device", "mqtt_host", "mqtt_username", "mqtt_ca")


def _wrapped(secret: str, how: int) -> Any:  # noqa: ANN401 - JSON
    return [
        secret,
        [secret],
        {secret: 1},
        {"route_b_password": secret},
        f" {secret} ",
        f"{secret}/",
    ][how]


@tries(80)
@given(st.data(), _route_b_ids | _passwords, documents)
def test_no_secret_is_told_wherever_it_was_typed(
    data: st.DataObject, secret: str, raw: object
) -> None:
    assume(not any(secret.lower() in key for key in OPTIONS_SCHEMA["properties"]))
    document = dict(raw) if isinstance(raw, dict) else {}
    if data.draw(st.booleans(), label="as a key"):
        document[secret] = data.draw(values)
    for place in data.draw(st.lists(_places, max_size=3)):
        document[place] = _wrapped(secret, data.draw(st.integers(0, 5)))
    # What isn't secret is shown, so it must not hold the planted one by chance.
    assume(not any(secret in str(document.get(key)) for key in _SHOWN))
    assert secret not in sentences(parse_options(document))
