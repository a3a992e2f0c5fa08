"""The first run: what is typed is checked as `options.py` will check it. Pure.

A secret that was saved is never shown: an empty field leaves it as it is. An empty field of any
other option takes the option away.
"""

from collections.abc import Iterator, Mapping

from broute_addon.errors import OptionsError
from broute_addon.messages import Language
from broute_addon.options import OPTIONS_SCHEMA, LoadedOptions, Options, parse_options
from broute_addon.redaction import Secret
from broute_addon.web.diagnostics import shown_options
from broute_addon.web.view import Json

SECRETS = ("route_b_id", "route_b_password", "mqtt_password")
_CREDENTIALS = ("route_b_id", "route_b_password")


def described(
    loaded: LoadedOptions, language: Language, *, can_save: bool, place: str | None
) -> Json:
    """What `/api/setup` tells. `place`: a sentence on where the options are, if not here."""
    options = loaded.options
    plain = {key: value for key, value in shown_options(options).items() if key not in SECRETS}
    return {
        "route_b_id_set": options.route_b_id is not None,
        "password_set": options.route_b_password is not None,
        "mqtt_password_set": options.mqtt_password is not None,
        "device": options.device,
        "options": plain,
        "faults": list(_told(loaded.faults, language)),
        "can_save": can_save,
        "place": place,
    }


def changes(typed: Mapping[str, object]) -> dict[str, object]:
    """What was typed as changes: None takes an option away, a secret left empty isn't changed."""
    return {
        key: None if value in ("", None) else value
        for key, value in typed.items()
        if not (key in SECRETS and value == "")
    }


def checked(
    typed: Mapping[str, object], present: Options
) -> tuple[tuple[OptionsError, ...], tuple[Secret, ...]]:
    """What is wrong in what was typed, were it saved over the present options; and the secrets in
    it that are well formed, for the redactor."""
    changed = changes(typed)
    loaded = parse_options({key: value for key, value in changed.items() if value is not None})
    kept = {key for key in _CREDENTIALS if getattr(present, key) is not None and key not in changed}
    faults = tuple(
        fault
        for fault in loaded.faults
        if not (_is_missing(fault) and fault.message.fields["option"] in kept)
    )
    return faults, loaded.options.secrets


def told_faults(faults: tuple[OptionsError, ...], language: Language) -> list[Json]:
    """Faults as `/api/command/check-options` answers them."""
    return list(_told(faults, language))


def _told(faults: tuple[OptionsError, ...], language: Language) -> Iterator[Json]:
    for fault in faults:
        yield {"option": _option(fault), "text": fault.message.text(language)}


def _is_missing(fault: OptionsError) -> bool:
    return fault.message.key == "option_missing_credentials"


def _option(fault: OptionsError) -> str | None:
    """Which option a fault is about."""
    named = fault.message.fields.get("option")
    if isinstance(named, str):
        return named
    key = fault.message.key
    return next((option for option in OPTIONS_SCHEMA["properties"] if key.startswith(option)), None)
