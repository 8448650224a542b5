"""From a name to a model, from an environment to a name, and a helpful line where neither works."""

from __future__ import annotations

from pathlib import Path

import pytest
from faulty_provider import Endpoint

from livecoder.errors import ConfigError
from livecoder.model import catalogue, choose
from livecoder.model.choose import KEYED, LocalServer, default_model, open_model
from livecoder.model.provider import Provider, ProviderSettings, prepare_environment
from livecoder.model.recording import Header, write_recording
from livecoder.model.replay import Replay
from livecoder.model.scripted import Scripted

NOWHERE = Path("/nowhere")


def open_named(model: str, environ: dict[str, str] | None = None, **settings: str) -> object:
    return open_model(ProviderSettings(model, **settings), environ if environ is not None else {}, NOWHERE)  # pyright: ignore[reportArgumentType]  only texts are given


def test_scripts_and_recordings_are_models(tmp_path: Path) -> None:
    script, recording = tmp_path / "s.md", tmp_path / "r.jsonl"
    script.write_text("Done.")
    write_recording(recording, Header("m", "2026-01-01", "/w", "t"), [])
    assert isinstance(open_named(f"scripted:{script}"), Scripted)
    assert isinstance(open_named(f"replay:{recording}"), Replay)


def test_a_key_in_the_environment_opens_a_provider() -> None:
    assert isinstance(open_named("anthropic/claude-sonnet-5-5", {"ANTHROPIC_API_KEY": "k"}), Provider)
    bare = open_named("gpt-4o", {"OPENAI_API_KEY": "k"})
    assert isinstance(bare, Provider) and bare.name == "openai/gpt-4o"
    assert isinstance(open_named("ollama_chat/qwen"), Provider)


def test_no_key_names_the_variable_to_set() -> None:
    with pytest.raises(ConfigError) as caught:
        open_named("anthropic/claude-sonnet-5-5", {"OPENAI_API_KEY": "k"})
    assert "ANTHROPIC_API_KEY" in caught.value.line()
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("model", "helps"),
    [("antropic/claude", "did you mean anthropic/"), ("nonsense", "provider/model"), ("", "anthropic/")],
)
def test_an_unknown_provider_is_told_apart_from_a_typo(model: str, helps: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_named(model)
    assert helps in caught.value.line()


def test_elsewhere_a_key_is_needed() -> None:
    for base in ("https://models.example.org/v1", "http://localhost.example.org/v1"):
        with pytest.raises(ConfigError, match="no key"):
            open_named("openai/x", api_base=base)


def test_the_first_key_found_decides() -> None:
    name, why = default_model({"XAI_API_KEY": "k", "MISTRAL_API_KEY": "k", "ANTHROPIC_API_KEY": ""}, local=())
    assert name.startswith("mistral/")
    assert why == "MISTRAL_API_KEY is set"


def test_without_keys_a_local_server_is_found(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "LOCAL_SECONDS", 60)
    dead = LocalServer("nothing", "x", "http://127.0.0.1:9/v1/models")
    live = LocalServer("ollama", "ollama_chat", f"{endpoint.root}/api/tags")
    name, why = default_model({}, local=(dead, live))
    assert name == "ollama_chat/qwen:4b"
    assert "ollama answers at 127.0.0.1" in why


def test_with_nothing_at_all_every_way_out_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        default_model({}, local=())
    assert "ANTHROPIC_API_KEY" in caught.value.line() and "ollama" in caught.value.line()


def test_defaults_are_models_that_the_library_knows_and_that_call_tools() -> None:
    for keyed in KEYED:
        assert keyed.prefix in catalogue.providers()
        if keyed.prefix != "openrouter":  # its `auto` picks a model at the provider
            assert catalogue.is_known(f"{keyed.prefix}/{keyed.model}"), keyed
            assert catalogue.calls_tools(f"{keyed.prefix}/{keyed.model}"), keyed


def test_what_is_known_about_a_model() -> None:
    assert catalogue.context_window("anthropic/claude-sonnet-4-5") == 200_000
    assert catalogue.context_window("openai/unheard-of") is None
    assert catalogue.calls_tools("openai/unheard-of")
    assert not catalogue.calls_tools("deepseek/deepseek-reasoner")
    assert not catalogue.calls_tools("ollama/llama3")


def test_the_environment_is_closed_and_loopback_not_proxied() -> None:
    environ = {"LITELLM_MODE": "DEV", "NO_PROXY": "intern.example.org,localhost"}
    prepare_environment(environ)
    prepare_environment(environ)
    assert environ["LITELLM_MODE"] == "PRODUCTION"
    assert environ["NO_PROXY"] == "intern.example.org,localhost,127.0.0.1,::1"
    assert environ["no_proxy"] == "localhost,127.0.0.1,::1"
