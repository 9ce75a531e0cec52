"""Settings from arguments, environment and TOML; the first of these that speaks wins."""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar, NoReturn
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from typing_extensions import override

from anymedia.errors import AuthenticationError, ConfigurationError

__all__ = [
    "CONFIG_NAME",
    "Config",
    "Network",
    "Overrides",
    "ProviderDefaults",
    "ProviderSettings",
    "find_config",
    "is_loopback",
    "load_config",
    "resolve",
]

CONFIG_NAME = "anymedia.toml"


@dataclass(frozen=True, kw_only=True)
class ProviderDefaults:
    """What a provider says about its own settings.

    Attributes:
        base_url: The vendor's own address.
        api_key_env: The environment variable the vendor's users keep their key in.
        base_url_env: The environment variable for another address.
        poll_interval: Seconds between two looks at a task.
        other_urls: Further addresses of the vendor's own, for another way to talk.
    """

    base_url: str
    api_key_env: str
    base_url_env: str
    poll_interval: float
    other_urls: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Network:
    """How hosts are reached.

    Attributes:
        proxy: An `http://` or `https://` URL that every connection goes through. None leaves it to `HTTPS_PROXY` and
            its like, which are never used towards this machine itself.
        ca_file: Certificates in PEM, trusted beside the public ones; None adds none.
    """

    proxy: str | None = field(default=None, repr=False)
    ca_file: Path | None = None


class _Strict(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


class _KeyFromEnv(_Strict):
    env: str


class _ProviderTable(_Strict):
    api_key: SecretStr | _KeyFromEnv | None = None
    base_url: str | None = None
    timeout: float | None = Field(default=None, gt=0)
    connect_timeout: float | None = Field(default=None, gt=0)
    submit_timeout: float | None = Field(default=None, gt=0)
    queue_timeout: float | None = Field(default=None, gt=0)
    run_timeout: float | None = Field(default=None, gt=0)
    download_timeout: float | None = Field(default=None, gt=0)
    poll_interval: float | None = Field(default=None, gt=0)
    max_concurrency: int | None = Field(default=None, ge=1)
    max_per_second: float | None = Field(default=None, gt=0)
    retries: int | None = Field(default=None, ge=0)
    retry_delay: float | None = Field(default=None, gt=0)
    proxy: SecretStr | None = None
    ca_file: Path | None = None
    models: Mapping[str, str] = Field(default_factory=dict)


class Config(_Strict):
    """What a configuration file (or its absence) says.

    Attributes:
        provider: The default provider.
        emulate: Whether the emulators answer in place of the vendors.
        providers: Settings by provider.
        models: The app's own model names, each with a model by provider.
        journal: The file attempts are recorded in; `memory` keeps them in memory.
        journal_requests: Whether it holds prompts and bodies too.
        path: The file this was read from.
    """

    provider: str | None = None
    emulate: bool = False
    providers: Mapping[str, _ProviderTable] = Field(default_factory=dict)
    models: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    journal: str | None = None
    journal_requests: bool = False
    path: Path | None = None

    @property
    def journal_file(self) -> str | None:
        """The journal with its whole path: a relative name stands beside this file, wherever the program runs."""
        return self.journal if self.journal in (None, "memory") else str(self.beside(Path(self.journal)))

    def beside(self, file: Path) -> Path:
        """A file that this configuration names: a relative name stands beside the configuration's own file."""
        return file if self.path is None else self.path.absolute().parent / file.expanduser()

    def model_named(self, name: str, provider: str) -> str:
        """The provider's model behind one of the app's own names; any other name comes back as it is.

        Raises:
            ConfigurationError: The app's name has no model for this provider.
        """
        table = self.models.get(name)
        if table is None:
            return name
        if provider not in table:
            known = ", ".join(sorted(table))
            raise ConfigurationError(f"model {name!r} has no entry for {provider} in [models] (it has {known})")
        return table[provider]


class ProviderSettings(_Strict):
    """All that one provider needs to know. Refuses pickling, because it holds a key.

    Attributes:
        name: The provider.
        base_url: Where it listens.
        api_key: The key.
        timeout: Seconds a caller waits for a result unless told otherwise; None waits for ever.
        connect_timeout: Seconds to get a connection.
        submit_timeout: Seconds for the answer to one call.
        queue_timeout: Seconds a caller waits while the task is queued; None sets no limit.
        run_timeout: Seconds a caller waits while the task runs; None sets no limit.
        download_timeout: Seconds to fetch one output; None sets no limit.
        poll_interval: Seconds between two looks at a task.
        max_concurrency: Calls that start a task, at once; None leaves it to the provider.
        max_per_second: Calls that start a task, per second; None sets no limit.
        retries: How often a safe call is repeated.
        retry_delay: Seconds before the first repetition; doubles each time.
        proxy: An `http://` or `https://` URL that every connection goes through; it may hold a password.
        ca_file: Certificates in PEM, trusted beside the public ones.
        models: The default model by operation.
        emulated: Whether an emulator of this process answers.
    """

    name: str
    base_url: str
    api_key: SecretStr
    timeout: float | None = Field(default=600.0, ge=0)
    connect_timeout: float = Field(default=15.0, gt=0)
    submit_timeout: float = Field(default=60.0, gt=0)
    queue_timeout: float | None = Field(default=None, gt=0)
    run_timeout: float | None = Field(default=None, gt=0)
    download_timeout: float | None = Field(default=None, gt=0)
    poll_interval: float = Field(gt=0)
    max_concurrency: int | None = Field(default=None, ge=1)
    max_per_second: float | None = Field(default=None, gt=0)
    retries: int = Field(default=2, ge=0)
    retry_delay: float = Field(default=0.5, gt=0)
    proxy: SecretStr | None = None
    ca_file: Path | None = None
    models: Mapping[str, str] = Field(default_factory=dict)
    emulated: bool = False

    @property
    def network(self) -> Network:
        """How this provider's hosts are reached; an emulator in this process is reached directly."""
        if self.emulated:
            return Network()
        return Network(proxy=self.proxy.get_secret_value() if self.proxy else None, ca_file=self.ca_file)

    @field_validator("proxy")
    @classmethod
    def _is_proxy(cls, proxy: SecretStr | None) -> SecretStr | None:
        """Refuse what no transport could use, without repeating it: it may hold a password."""
        parts = urlsplit(proxy.get_secret_value()) if proxy else None
        if parts is not None and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("a proxy is given as http://host:port or https://host:port")
        return proxy

    @override
    def __getstate__(self) -> NoReturn:
        raise TypeError("settings hold a key and are not pickled; make a client in each process")

    @override
    def __reduce__(self) -> NoReturn:
        self.__getstate__()


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """What a client was given as arguments; None leaves it to the environment and the file."""

    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


def find_config(start: Path | None = None) -> Path | None:
    """`ANYMEDIA_CONFIG`, else the nearest `anymedia.toml` up to the repository root, else the user's own."""
    named = os.environ.get("ANYMEDIA_CONFIG")
    if named:
        return Path(named)
    folder = (start or Path.cwd()).resolve()
    for place in (folder, *folder.parents):
        if (place / CONFIG_NAME).is_file():
            return place / CONFIG_NAME
        if (place / ".git").exists():
            break
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    user = home / "anymedia" / CONFIG_NAME
    return user if user.is_file() else None


def load_config(path: Path | None) -> Config:
    """Read a configuration file; without one, everything is unset.

    Raises:
        ConfigurationError: The file cannot be read, is not TOML, or holds an unknown or ill-typed key.
    """
    if path is None:
        return Config()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from error
    try:
        return Config.model_validate({**data, "path": path} if "path" not in data else data)
    except ValidationError as error:
        raise ConfigurationError(f"{path}: {_first_problem(error)}") from None


def _first_problem(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in detail["loc"])
    if detail["type"] != "extra_forbidden":
        return f"{where}: {detail['msg']}"
    legal = [name for name in (Config if len(detail["loc"]) == 1 else _ProviderTable).model_fields if name != "path"]
    near = difflib.get_close_matches(str(detail["loc"][-1]), legal, 1)
    return f"unknown key {where!r}; " + (f"did you mean {near[0]!r}?" if near else f"known are {', '.join(legal)}")


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def resolve(
    name: str, defaults: ProviderDefaults, config: Config, given: Overrides, environ: Mapping[str, str]
) -> ProviderSettings:
    """One provider's settings: arguments, then environment, then file, then the provider's defaults.

    Raises:
        AuthenticationError: There is no key.
        ConfigurationError: The key would be sent where it must not go.
    """
    table = config.providers.get(name, _ProviderTable())
    from_environ = environ.get(defaults.base_url_env)
    base_url = given.base_url or from_environ or table.base_url or defaults.base_url
    url_only_in_file = not given.base_url and not from_environ and table.base_url is not None
    named = table.api_key.env if isinstance(table.api_key, _KeyFromEnv) else None
    in_file = table.api_key.get_secret_value() if isinstance(table.api_key, SecretStr) else None
    ambient = environ.get(defaults.api_key_env)
    key = given.api_key or (environ.get(named) if named else None) or ambient or in_file
    if not key:
        raise _no_key(name, named or defaults.api_key_env, config.path)
    key_is_ambient = key == ambient and key not in (given.api_key, in_file) and named != defaults.api_key_env
    vendors = (defaults.base_url, *defaults.other_urls)
    _guard_key(name, base_url, vendors=vendors, from_file=url_only_in_file, ambient=key_is_ambient)
    chosen = {
        "poll_interval": defaults.poll_interval,
        **table.model_dump(exclude={"api_key", "base_url"}, exclude_none=True),
        **({"ca_file": config.beside(table.ca_file)} if table.ca_file else {}),
        **given.settings,
        "name": name,
        "base_url": base_url.rstrip("/"),
        "api_key": SecretStr(key),
    }
    try:
        return ProviderSettings.model_validate(chosen)
    except ValidationError as error:
        raise ConfigurationError(f"settings of {name}: {_first_problem(error)}") from None


def _no_key(name: str, variable: str, path: Path | None) -> AuthenticationError:
    table = f"[providers.{name}] in {path or CONFIG_NAME}"
    places = f"set {variable}, pass api_key=, or put api_key under {table}"
    hint = "to try it without a key, set emulate = true or ANYMEDIA_EMULATE=1"
    return AuthenticationError(f"no key for {name}: {places}; {hint}", provider=name)


def _guard_key(name: str, base_url: str, *, vendors: tuple[str, ...], from_file: bool, ambient: bool) -> None:
    scheme, host = urlsplit(base_url).scheme, urlsplit(base_url).hostname
    if scheme not in ("http", "https", "ws", "wss") or not host:
        raise ConfigurationError(f"base_url {base_url!r} of {name} is not a URL; the vendor's own is {vendors[0]}")
    if is_loopback(base_url):
        return
    if scheme in ("http", "ws"):
        raise ConfigurationError(f"base_url {base_url!r} of {name} would carry the key unencrypted; use {scheme}s://")
    if from_file and ambient and host not in {urlsplit(url).hostname for url in vendors}:
        raise ConfigurationError(
            f"base_url {base_url!r} of {name} comes from a file and is not the vendor's, so it does not get the key "
            f"found in the environment; name the variable there: api_key = {{ env = ... }}"
        )
