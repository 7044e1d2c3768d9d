"""The official `anthropic` package, unmodified: only the address and the key are ours."""

import anthropic

from common import (ANTHROPIC, BASE, CHAT_MODELS, GOOGLE, KEY, LIMITED_KEY, OPENAI, POOR_KEY, raises, run, test)

client = anthropic.Anthropic(api_key=KEY, base_url=BASE, max_retries=0)
HELLO = [{"role": "user", "content": "good morning"}]
WEATHER = {"name": "weather", "description": "The weather in a city",
           "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}


@test
def plain():
    for model in CHAT_MODELS:
        answer = client.messages.create(model=model, max_tokens=64, messages=HELLO, system="Be brief.")
        assert answer.content[0].text == "You said: good morning", (model, answer)
        assert answer.stop_reason == "end_turn" and answer.role == "assistant" and answer.type == "message"
        usage = answer.usage
        prompt = usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
        assert (prompt, usage.output_tokens) == (20, 10), (model, usage)


@test
def streamed():
    for model in CHAT_MODELS:
        with client.messages.stream(model=model, max_tokens=64, messages=HELLO) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        assert text == "You said: good morning", (model, text)
        assert final.stop_reason == "end_turn" and final.usage.output_tokens == 10, (model, final)
        assert final.content[0].text == text


@test
def tools_in_parallel_and_back():
    for model in CHAT_MODELS:
        messages = [{"role": "user", "content": "weather?"}]
        first = client.messages.create(model=model, max_tokens=64, messages=messages, tools=[WEATHER])
        uses = [block for block in first.content if block.type == "tool_use"]
        assert first.stop_reason == "tool_use", (model, first)
        assert [use.input["city"] for use in uses] == ["Paris", "Rome"], (model, first)
        messages.append({"role": "assistant", "content": first.content})
        messages.append({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": use.id, "content": "sunny"} for use in uses]})
        second = client.messages.create(model=model, max_tokens=64, messages=messages, tools=[WEATHER])
        assert second.content[0].text == "It is sunny in both.", (model, second)
        with client.messages.stream(model=model, max_tokens=64, messages=messages[:1], tools=[WEATHER]) as stream:
            final = stream.get_final_message()
        uses = [block for block in final.content if block.type == "tool_use"]
        assert [use.input["city"] for use in uses] == ["Paris", "Rome"], (model, final)


@test
def thinking():
    answer = client.messages.create(
        model=ANTHROPIC, max_tokens=4096, messages=HELLO, thinking={"type": "enabled", "budget_tokens": 1024})
    assert answer.content[0].type == "thinking" and answer.content[0].signature, answer
    with client.messages.stream(
            model=ANTHROPIC, max_tokens=4096, messages=HELLO,
            thinking={"type": "enabled", "budget_tokens": 1024}) as stream:
        final = stream.get_final_message()
    assert final.content[0].signature == answer.content[0].signature, final


@test
def tokens_counted():
    for model in CHAT_MODELS:
        counted = client.messages.count_tokens(model=model, messages=HELLO)
        assert 1 <= counted.input_tokens <= 100, (model, counted)


@test
def bearer_works_too():
    other = anthropic.Anthropic(auth_token=KEY, base_url=BASE, max_retries=0)
    assert other.messages.create(model=ANTHROPIC, max_tokens=16, messages=HELLO).content


@test
def errors_have_their_classes():
    def call(key=KEY, model=ANTHROPIC, content="hi", **more):
        return anthropic.Anthropic(api_key=key, base_url=BASE, max_retries=0).messages.create(
            **{"model": model, "max_tokens": 16, "messages": [{"role": "user", "content": content}]} | more)

    error = raises(anthropic.AuthenticationError, lambda: call(key="vz-sk_wrong"))
    assert error.body["error"]["type"] == "authentication_error", error.body
    assert error.body["type"] == "error" and error.request_id
    error = raises(anthropic.NotFoundError, lambda: call(model="claude-0"))
    assert error.body["error"]["type"] == "not_found_error"
    error = raises(anthropic.BadRequestError, lambda: call(max_tokens=0))
    assert error.body["error"]["type"] == "invalid_request_error"
    raises(anthropic.BadRequestError, lambda: call(extra_body={"nonsense": 1}))
    error = raises(anthropic.APIStatusError, lambda: call(key=POOR_KEY))
    assert error.status_code == 402 and error.body["error"]["type"] == "billing_error", error.body
    for model in CHAT_MODELS:
        for status in (401, 402, 403, 529):
            error = raises(anthropic.APIStatusError, lambda: call(model=model, content=f"fail {status}"))
            assert error.status_code in (502, 503, 529), (model, status, error)
    call(key=LIMITED_KEY)
    error = raises(anthropic.RateLimitError, lambda: [call(key=LIMITED_KEY) for _ in range(3)])
    assert error.body["error"]["type"] == "rate_limit_error"


@test
def aborted_streams():
    for model in CHAT_MODELS:
        with client.messages.stream(model=model, max_tokens=512, messages=[{"role": "user", "content": "slowly"}]) as stream:
            for count, _ in enumerate(stream):
                if count == 4:
                    break


run()
