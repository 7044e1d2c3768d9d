"""The published `vuzo` package 0.1.1, unmodified, against its own dialect."""

import vuzo

from common import ANTHROPIC, BASE, CHAT_MODELS, KEY, LIMITED_KEY, OPENAI, POOR_KEY, raises, run, test

client = vuzo.Vuzo(KEY, base_url=f"{BASE}/vuzo/v1")
HELLO = [{"role": "user", "content": "good morning"}]


@test
def chat_plain():
    for model in CHAT_MODELS:
        assert client.chat.complete(model, "good morning") == "You said: good morning", model
        answer = client.chat.create(model=model, messages=HELLO, temperature=0.5, max_tokens=64)
        assert answer.choices[0].message.content == "You said: good morning"
        assert answer.usage.total_tokens == 30


@test
def chat_streamed():
    for model in CHAT_MODELS:
        chunks = list(client.chat.create(model=model, messages=HELLO, stream=True))
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert text == "You said: good morning", (model, text)


@test
def models():
    listed = client.models.list()
    row = next(m for m in listed if m.model_name == OPENAI)
    assert row.provider and row.vuzo_input_price_per_million > 0
    assert row.vuzo_output_price_per_million > row.vuzo_input_price_per_million
    assert client.models.get(ANTHROPIC).model_name == ANTHROPIC


@test
def usage():
    rows = client.usage.list(limit=5)
    assert rows and rows[0].total_tokens == 30 and rows[0].vuzo_cost > 0, rows
    summary = client.usage.summary()
    assert summary.total_requests >= 6 and summary.total_vuzo_cost > 0
    assert sum(day.total_requests for day in client.usage.daily()) == summary.total_requests


@test
def billing():
    balance = client.billing.get_balance()
    assert balance > 0
    kinds = {row.type for row in client.billing.transactions(limit=50)}
    assert "usage" in kinds and kinds <= {"topup", "usage", "refund"}, kinds
    raises(vuzo.VuzoError, lambda: client.billing.top_up(10.0))
    assert client.billing.get_balance() == balance


@test
def api_keys():
    made = client.api_keys.create("from a test")
    assert made.key.startswith("vz-sk_") and made.key_prefix
    assert any(row.id == made.id for row in client.api_keys.list())
    client.api_keys.delete(made.id)
    assert not any(row.id == made.id and row.is_active for row in client.api_keys.list())


@test
def errors_have_their_classes():

    ask = lambda key, **more: vuzo.Vuzo(key, base_url=f"{BASE}/vuzo/v1").chat.create(
        **{"model": OPENAI, "messages": HELLO} | more)
    raises(vuzo.AuthenticationError, lambda: ask("vz-sk_wrong"))
    error = raises(vuzo.InsufficientCreditsError, lambda: ask(POOR_KEY))
    assert "balance" in str(error).lower() or "credit" in str(error).lower(), error
    raises(vuzo.InvalidRequestError, lambda: ask(KEY, temperature=9))
    raises(vuzo.APIError, lambda: ask(KEY, messages=[{"role": "user", "content": "fail 503"}]))
    ask(LIMITED_KEY)
    raises(vuzo.RateLimitError, lambda: [ask(LIMITED_KEY) for _ in range(3)])


run()
