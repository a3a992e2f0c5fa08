"""Where things are: from the command line and the environment (design 2.1)."""

from dataclasses import dataclass
from pathlib import Path

from broute_addon.redaction import Secret

PAGE_PORT = 8099


@dataclass(frozen=True, slots=True)
class Settings:
    """What the process was started with. Without a Supervisor's token it runs stand-alone."""

    options: Path
    data: Path
    ports: Path = Path("/dev/serial/by-id")
    web: tuple[str, int] | None = None
    web_password_file: Path | None = None
    metrics: tuple[str, int] | None = None
    supervisor_url: str = "http://supervisor"
    supervisor_token: Secret | None = None
    core_url: str | None = None
    core_token: Secret | None = None
    ready_fd: int | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The tokens, for the redactor."""
        return tuple(token for token in (self.supervisor_token, self.core_token) if token)

    @property
    def web_address(self) -> tuple[str, int]:
        """Where the page listens: as an add-on everywhere (guarded by the peer's address)."""
        host = "0.0.0.0" if self.supervisor_token else "127.0.0.1"  # noqa: S104 - guarded
        return self.web or (host, PAGE_PORT)
