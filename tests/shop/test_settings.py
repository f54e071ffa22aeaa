"""A wrong environment stops the start with a sentence that names the setting."""

import os
import subprocess
import sys

import pytest

PRODUCTION = {
    "BASE_URL": "https://shop.example.com",
    "DATABASE_URL": "postgres://shop@database/shop",
    "SECRET_KEY": "7d1f0c2b9a8e4d6f5b3a1c0e9f8d7b6a5c4e3f2d1b0a9c8e7f6d5b4a3c2e1f0d",
}


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        env={**kept, "DJANGO_SETTINGS_MODULE": "shop.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_starts_and_has_nothing_to_improve() -> None:
    done = start("manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"DEMO": "1"}, "unset DEMO and DEBUG"),
        ({"DEBUG": "1"}, "unset DEMO and DEBUG"),
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing or guessable"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is missing or guessable"),
        ({"SECRET_KEY": "a" * 64}, "SECRET_KEY is missing or guessable"),
        ({"ALLOWED_HOSTS": "shop.example.com, *"}, "ALLOWED_HOSTS must not contain *"),
        ({"BASE_URL": ""}, "BASE_URL is missing"),
        ({"BASE_URL": "shop.example.com"}, "BASE_URL is not understood"),
        ({"DATABASE_URL": "mysql://shop@database/shop"}, "DATABASE_URL is not understood"),
        ({"EMAIL_URL": "pigeon://loft"}, "EMAIL_URL is not understood"),
        ({"PORT": "80000"}, "PORT is not understood"),
        ({"DEBUG": "maybe"}, "DEBUG is not understood"),
        ({"STRIPE_SECRET_KEY": "pk_live_x"}, "STRIPE_SECRET_KEY is not understood"),
        ({"STRIPE_WEBHOOK_SECRET": "secret"}, "STRIPE_WEBHOOK_SECRET is not understood"),
        ({"STRIPE_SECRET_KEY": "sk_live_x"}, "STRIPE_WEBHOOK_SECRET is missing"),
        ({"STRIPE_API_BASE": "http://127.0.0.1:8111"}, "STRIPE_API_BASE is set, so nobody would be charged"),
        (
            {"DEMO": "1", "BASE_URL": "http://127.0.0.1", "STRIPE_SECRET_KEY": "sk_live_x"},
            "STRIPE_SECRET_KEY moves real money",
        ),
    ],
)
def test_a_bad_value_is_refused_in_one_sentence(change: dict[str, str], sentence: str) -> None:
    done = start("-c", "import shop.settings", **{**PRODUCTION, **change})
    assert done.returncode != 0
    assert sentence in done.stderr.splitlines()[-1]


def test_a_refused_value_is_not_repeated() -> None:
    done = start("-c", "import shop.settings", **{**PRODUCTION, "DATABASE_URL": "mysql://shop:hunter2@database/shop"})
    assert "hunter2" not in done.stderr.splitlines()[-1]
