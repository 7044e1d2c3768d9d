"""What every client test needs: where the gateway is, and counted checks."""

import os
import sys
import traceback

BASE = os.environ["VUZO_TEST_BASE"]
KEY = os.environ["VUZO_TEST_KEY"]
POOR_KEY = os.environ["VUZO_TEST_POOR_KEY"]
LIMITED_KEY = os.environ["VUZO_TEST_LIMITED_KEY"]

# Where a picture is, too.
VENDORS = os.environ["VUZO_TEST_VENDORS"]

OPENAI = "gpt-5.4-mini"
ANTHROPIC = "claude-sonnet-4.6"
GOOGLE = "gemini-2.5-flash"
# Its vendor is always overloaded.
DEAD = "claude-haiku-4.5"
# A model for completions; what it costs is in clients.rs.
TEXT = "text-only"
CHAT_MODELS = [OPENAI, ANTHROPIC, GOOGLE]

_tests = []


def test(function):
    """Marks a test; they run in their order."""
    _tests.append(function)
    return function


def raises(kind, call):
    """The error of that class that a call must end in."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected, and nothing was raised")


def run():
    failed = 0
    for function in _tests:
        try:
            function()
            print(f"ok {function.__name__}", flush=True)
        except Exception:  # noqa: BLE001 - every failure is told, and the others still run
            failed += 1
            print(f"FAILED {function.__name__}", flush=True)
            traceback.print_exc(file=sys.stdout)
    print(f"{len(_tests) - failed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not _tests else 0)
