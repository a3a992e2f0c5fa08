"""Where the broker is: the options' own if they name one, else the one the Supervisor knows."""

from collections.abc import Callable
from pathlib import Path

from broute_addon.errors import MqttError
from broute_addon.home_assistant.mqtt import AddressSource, BrokerAddress
from broute_addon.home_assistant.supervisor import Supervisor
from broute_addon.messages import message
from broute_addon.options import Options
from broute_addon.redaction import Secret

SSL_FOLDER = Path("/ssl")
TLS_PORT = 8883


def broker_source(
    options: Callable[[], Options],
    supervisor: Supervisor | None,
    *,
    learn: Callable[[Secret], None],
    ssl_folder: Path = SSL_FOLDER,
) -> AddressSource:
    """Asks anew at each call: a broker app that restarts hands out other credentials, and the
    options may be saved anew meanwhile.

    `learn` gets the Supervisor's password before anybody else, for the redactor. The source
    raises SupervisorError, or MqttError where neither the options nor a Supervisor know a broker.
    """

    async def address() -> BrokerAddress:
        present = options()
        if present.mqtt_host:
            return from_options(present, present.mqtt_host, ssl_folder)
        if supervisor is None:
            raise MqttError(message("mqtt_no_broker"))
        service = await supervisor.mqtt_service()
        if service.password is not None:
            learn(service.password)
        return BrokerAddress(
            service.host, service.port, service.username, service.password, service.ssl
        )

    return address


def from_options(options: Options, host: str, ssl_folder: Path = SSL_FOLDER) -> BrokerAddress:
    """The broker that the options name; 8883 is the default port with TLS, 1883 without."""
    return BrokerAddress(
        host=host,
        port=options.mqtt_port or (TLS_PORT if options.mqtt_tls else 1883),
        username=options.mqtt_username,
        password=options.mqtt_password,
        tls=options.mqtt_tls,
        ca_file=ssl_folder / options.mqtt_ca if options.mqtt_ca else None,
    )
