"""Settings come from arguments, environment and file, and a key goes only where it may."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from anymedia.config import (
    Config,
    Overrides,
    ProviderDefaults,
    ProviderSettings,
    find_config,
    is_loopback,
    load_config,
    resolve,
)
from anymedia.errors import AuthenticationError, ConfigurationError

DEFAULTS = ProviderDefaults(
    base_url="https://api.vendor.example", api_key_env="VENDOR_KEY", base_url_env="VENDOR_URL", poll_interval=5
)


def written(folder: Path, text: str) -> Config:
    path = folder / "anymedia.toml"
    path.write_text(text)
    return load_config(path)


def settled(config: Config, environ: dict[str, str] | None = None, **given: Any) -> ProviderSettings:
    return resolve("vendor", DEFAULTS, config, Overrides(**given), environ or {})


def test_the_documented_file_is_understood(tmp_path: Path) -> None:
    """Every key of the documented example is read."""
    config = written(
        tmp_path,
        """
        provider = "vendor"
        emulate = true
        [providers.vendor]
        api_key = { env = "MY_KEY" }
        base_url = "https://api.vendor.example/eu"
        max_concurrency = 5
        timeout = 600
        [models]
        hero = { vendor = "m1", other = "m2" }
        """,
    )
    settings = settled(config, {"MY_KEY": "k"})
    assert (config.provider, config.emulate) == ("vendor", True)
    assert (settings.timeout, settings.max_concurrency, settings.poll_interval) == (600, 5, 5)
    assert settings.api_key.get_secret_value() == "k"
    assert config.model_named("hero", "vendor") == "m1"
    assert config.model_named("gen4.5", "vendor") == "gen4.5"
    with pytest.raises(ConfigurationError, match="third"):
        config.model_named("hero", "third")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('provder = "x"', "did you mean 'provider'"),
        ("[providers.vendor]\ntimeot = 5", "did you mean 'timeout'"),
        ("[providers.vendor]\ncolour = 5", "known are"),
        ("[providers.vendor]\ntimeout = -5", "greater than 0"),
        ("emulate = 'perhaps'", "emulate"),
        ("provider = ", "not valid TOML"),
        ("[models]\nhero = 5", "models.hero"),
    ],
)
def test_a_typo_in_the_file_names_file_key_and_nearest(tmp_path: Path, text: str, says: str) -> None:
    """A broken file gives one error that says where and what."""
    with pytest.raises(ConfigurationError, match=says) as caught:
        written(tmp_path, text)
    assert "anymedia.toml" in str(caught.value)


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    """A missing or binary file is an error, not an empty configuration."""
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_config(tmp_path / "binary.toml")
    assert load_config(None) == Config()


def test_the_nearest_file_up_to_the_repository_root_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search goes upwards, stops at the repository root, and ends in the user's own folder."""
    outside, repo = tmp_path / "anymedia.toml", tmp_path / "repo"
    deep = repo / "a" / "b"
    deep.mkdir(parents=True)
    (repo / ".git").mkdir()
    outside.write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    assert find_config(deep) is None
    user = tmp_path / "home" / "anymedia" / "anymedia.toml"
    user.parent.mkdir(parents=True)
    user.write_text("")
    assert find_config(deep) == user
    (repo / "anymedia.toml").write_text("")
    assert find_config(deep) == repo / "anymedia.toml"
    monkeypatch.setenv("ANYMEDIA_CONFIG", str(outside))
    assert find_config(deep) == outside


def test_arguments_beat_environment_beats_file(tmp_path: Path) -> None:
    """First hit wins, setting by setting."""
    config = written(
        tmp_path,
        '[providers.vendor]\napi_key = "file"\nbase_url = "https://api.vendor.example/file"\ntimeout = 1',
    )
    assert settled(config).api_key.get_secret_value() == "file"
    assert settled(config).base_url.endswith("/file")
    environ = {"VENDOR_KEY": "env", "VENDOR_URL": "https://api.vendor.example/env/"}
    assert settled(config, environ).api_key.get_secret_value() == "env"
    assert settled(config, environ).base_url.endswith("/env")
    best = settled(config, environ, api_key="arg", base_url="https://api.vendor.example/arg", settings={"timeout": 2})
    assert (best.api_key.get_secret_value(), best.base_url[-4:], best.timeout) == ("arg", "/arg", 2)


def test_limits_are_none_unless_set(tmp_path: Path) -> None:
    """Phases have no deadline and submissions no rate of their own until somebody gives them one."""
    names = ("queue_timeout", "run_timeout", "download_timeout", "max_per_second")
    unset = settled(Config(), {"VENDOR_KEY": "k"})
    lines = "\n".join(f"{name} = 2.5" for name in names)
    from_file = settled(written(tmp_path, f"[providers.vendor]\n{lines}"), {"VENDOR_KEY": "k"})
    assert {getattr(unset, name) for name in names} == {None}
    assert {getattr(from_file, name) for name in names} == {2.5}


def test_a_missing_key_says_every_way_to_give_one() -> None:
    """The error names the variable, the argument, the file and the way without a key."""
    with pytest.raises(AuthenticationError) as caught:
        settled(Config())
    for way in ("VENDOR_KEY", "api_key=", "[providers.vendor]", "emulate"):
        assert way in str(caught.value)


@pytest.mark.parametrize(
    ("base_url", "api_key", "allowed"),
    [
        ("https://elsewhere.example", None, False),
        ("https://elsewhere.example", '{ env = "VENDOR_KEY" }', True),
        ("https://elsewhere.example", '"in-file"', True),
        ("https://api.vendor.example/v2", None, True),
        ("http://127.0.0.1:8080", None, True),
        ("http://elsewhere.example", '"in-file"', False),
        ("ws://elsewhere.example", '"in-file"', False),
        ("elsewhere.example", '"in-file"', False),
        ("ftp://elsewhere.example", '"in-file"', False),
    ],
)
def test_a_key_goes_only_where_it_may(tmp_path: Path, base_url: str, api_key: str | None, allowed: bool) -> None:
    """A file cannot lure the environment's key to a stranger, and no key travels unencrypted."""
    line = f"api_key = {api_key}\n" if api_key else ""
    config = written(tmp_path, f'[providers.vendor]\nbase_url = "{base_url}"\n{line}')
    environ = {} if api_key == '"in-file"' else {"VENDOR_KEY": "hunter2"}
    if allowed:
        assert settled(config, environ).base_url == base_url
        return
    with pytest.raises(ConfigurationError, match="base_url") as caught:
        settled(config, environ)
    assert not any(secret in str(caught.value) for secret in ("hunter2", "in-file"))


def test_loopback_is_recognised_by_address_not_by_looks() -> None:
    """Only this machine counts as loopback."""
    assert all(map(is_loopback, ("http://127.0.0.1:1", "ws://localhost/v1", "http://[::1]:8", "http://127.9.9.9")))
    assert not any(
        map(is_loopback, ("http://127.0.0.1.evil.example", "https://localhost.example", "x", "http://10.0.0.1"))
    )


def test_settings_keep_the_key_to_themselves() -> None:
    """A key is in no repr, and settings refuse pickling."""
    settings = ProviderSettings(name="v", base_url="https://h", api_key=SecretStr("hunter2"), poll_interval=1)
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(settings)
    assert "hunter2" not in repr(Overrides(api_key="hunter2"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", None),
        ('journal = "memory"', "memory"),
        ('journal = "work/j.sqlite3"', "{folder}/work/j.sqlite3"),
        ('journal = "/var/j.sqlite3"', "/var/j.sqlite3"),
        ('journal = "~/j.sqlite3"', "{home}/j.sqlite3"),
    ],
)
def test_a_journal_is_the_same_file_wherever_the_program_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, expected: str | None
) -> None:
    """A relative name stands beside the configuration file, not in the current folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = written(tmp_path, line).journal_file
    assert found == (expected and expected.format(folder=tmp_path, home=tmp_path / "home"))
