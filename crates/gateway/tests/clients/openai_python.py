"""The official `openai` package, unmodified: only the address and the key are ours."""

import json

import openai
from pydantic import BaseModel

from common import (ANTHROPIC, BASE, CHAT_MODELS, DEAD, GOOGLE, KEY, LIMITED_KEY, OPENAI, POOR_KEY, TEXT, VENDORS, raises, run, test)

client = openai.OpenAI(api_key=KEY, base_url=f"{BASE}/v1", max_retries=0)
WEATHER = {"type": "function", "function": {
    "name": "weather", "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}
HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "good morning"}]


class City(BaseModel):
    city: str
    population: int


@test
def chat_plain():
    for model in CHAT_MODELS:
        answer = client.chat.completions.create(model=model, messages=HELLO, max_completion_tokens=64)
        assert answer.choices[0].message.content == "You said: good morning", (model, answer)
        assert answer.choices[0].finish_reason == "stop"
        assert answer.object == "chat.completion" and isinstance(answer.created, int)
        usage = answer.usage
        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (20, 10, 30), (model, usage)
        assert usage.cost > 0 and usage.cost_details["currency"] == "USD", usage
        assert answer.id.startswith("gen_")


@test
def chat_stream():
    for model in CHAT_MODELS:
        stream = client.chat.completions.create(
            model=model, messages=HELLO, stream=True, stream_options={"include_usage": True})
        chunks = list(stream)
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert text == "You said: good morning", (model, text)
        assert len({(c.id, c.created, c.model) for c in chunks}) == 1, model
        assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens == 30, (model, chunks[-1])
        assert chunks[-1].usage.cost > 0
        assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
        assert chunks[0].choices[0].delta.role == "assistant", model


@test
def stream_without_usage_has_none():
    for model in CHAT_MODELS:
        chunks = list(client.chat.completions.create(model=model, messages=HELLO, stream=True))
        assert all(c.choices and c.usage is None for c in chunks), model


@test
def tools_in_parallel_and_back():
    for model in CHAT_MODELS:
        messages = [{"role": "user", "content": "weather in Paris and Rome?"}]
        first = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
        calls = first.choices[0].message.tool_calls
        assert first.choices[0].finish_reason == "tool_calls", (model, first)
        assert [json.loads(c.function.arguments)["city"] for c in calls] == ["Paris", "Rome"], (model, calls)
        assert len({c.id for c in calls}) == 2
        messages.append(first.choices[0].message)
        for call in calls:
            messages.append({"role": "tool", "tool_call_id": call.id, "content": "sunny"})
        second = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
        assert second.choices[0].message.content == "It is sunny in both.", (model, second)


@test
def tools_streamed():
    for model in CHAT_MODELS:
        with client.chat.completions.stream(
                model=model, messages=[{"role": "user", "content": "weather?"}], tools=[WEATHER]) as stream:
            for _ in stream:
                pass
            final = stream.get_final_completion()
        calls = final.choices[0].message.tool_calls
        assert [c.index for c in calls] == [0, 1] if hasattr(calls[0], "index") else True
        assert [json.loads(c.function.arguments)["city"] for c in calls] == ["Paris", "Rome"], (model, calls)


@test
def structured_output():
    for model in CHAT_MODELS:
        answer = client.chat.completions.parse(
            model=model, messages=[{"role": "user", "content": "about Paris"}], response_format=City)
        assert answer.choices[0].message.parsed == City(city="Paris", population=2100000), (model, answer)


@test
def pinned_provider_and_alias():
    answer = client.chat.completions.create(model=f"openai/{OPENAI}", messages=HELLO)
    assert answer.choices[0].message.content == "You said: good morning"
    error = raises(openai.NotFoundError, lambda: client.chat.completions.create(
        model=f"anthropic/{OPENAI}", messages=HELLO))
    assert error.code == "model_not_found"


@test
def fallbacks():
    answer = client.chat.completions.create(
        model=DEAD, messages=HELLO, extra_body={"models": [GOOGLE]})
    assert answer.choices[0].message.content == "You said: good morning"


@test
def responses_plain_and_streamed():
    for model in CHAT_MODELS:
        answer = client.responses.create(model=model, input="good morning", instructions="Be brief.")
        assert answer.output_text == "You said: good morning", (model, answer)
        assert answer.status == "completed" and answer.usage.total_tokens == 30, (model, answer)
        assert answer.usage.input_tokens_details.cached_tokens in (4, 8)
        text, last = "", None
        numbers = []
        for event in client.responses.create(model=model, input="good morning", stream=True):
            numbers.append(event.sequence_number)
            if event.type == "response.output_text.delta":
                text += event.delta
            last = event
        assert text == "You said: good morning", model
        assert numbers == list(range(len(numbers))), (model, numbers)
        assert last.type == "response.completed" and last.response.output_text == text, (model, last)
        assert last.response.usage.total_tokens == 30


@test
def responses_tools():
    tool = {"type": "function", **WEATHER["function"], "strict": False}
    for model in CHAT_MODELS:
        first = client.responses.create(model=model, input="weather?", tools=[tool])
        calls = [item for item in first.output if item.type == "function_call"]
        assert [json.loads(c.arguments)["city"] for c in calls] == ["Paris", "Rome"], (model, first)
        conversation = [{"role": "user", "content": "weather?"}, *[c.model_dump(exclude_none=True) for c in calls]]
        conversation += [{"type": "function_call_output", "call_id": c.call_id, "output": "sunny"} for c in calls]
        second = client.responses.create(model=model, input=conversation, tools=[tool])
        assert second.output_text == "It is sunny in both.", (model, second)
        with client.responses.stream(model=model, input="weather?", tools=[tool]) as stream:
            for _ in stream:
                pass
            final = stream.get_final_response()
        assert [i.type for i in final.output if i.type == "function_call"] == ["function_call"] * 2, (model, final)


@test
def responses_structured():
    for model in CHAT_MODELS:
        answer = client.responses.parse(model=model, input="about Paris", text_format=City)
        assert answer.output_parsed == City(city="Paris", population=2100000), (model, answer)


@test
def responses_need_no_state():
    error = raises(openai.BadRequestError, lambda: client.responses.create(
        model=OPENAI, input="x", previous_response_id="resp_1"))
    assert error.param == "previous_response_id", error


@test
def service_tiers():
    # 20 tokens in, 8 of them from the cache, and 10 out; flex is half of 2 and 8 dollars.
    for more, tier, cost in [({}, "default", 0.00012), ({"service_tier": "flex"}, "flex", 0.00006)]:
        answer = client.chat.completions.create(model="tiered", messages=HELLO, **more)
        assert answer.service_tier == tier, answer
        assert abs(answer.usage.cost - cost) < 1e-12, answer.usage
        chunks = list(client.chat.completions.create(
            model="tiered", messages=HELLO, stream=True, stream_options={"include_usage": True}, **more))
        assert chunks[0].service_tier == tier, chunks[0]
        assert abs(chunks[-1].usage.cost - cost) < 1e-12, chunks[-1]
        answer = client.responses.create(model="tiered-google", input="good morning", **more)
        assert answer.service_tier == tier, answer
    raised = raises(openai.BadRequestError, lambda: client.chat.completions.create(
        model="tiered", messages=HELLO, service_tier="scale"))
    assert raised.code == "service_tier_not_sold" and raised.param == "service_tier", raised


@test
def embeddings():
    for model, sizes in (("text-embedding-3-small", (8, 4)), ("gemini-embedding-001", (8, 4))):
        for size in sizes:
            rows = client.embeddings.create(model=model, input=["a", "b"], dimensions=size)
            assert [len(row.embedding) for row in rows.data] == [size, size], (model, rows)
            assert [row.index for row in rows.data] == [0, 1]
        floats = client.embeddings.create(model=model, input="a", encoding_format="float")
        decoded = client.embeddings.create(model=model, input="a")
        assert floats.data[0].embedding == decoded.data[0].embedding, model
    tokens = client.embeddings.create(model="text-embedding-3-small", input=[[1, 2, 3]])
    assert len(tokens.data) == 1


@test
def legacy_completions():
    for model in CHAT_MODELS:
        answer = client.completions.create(model=model, prompt="good morning", max_tokens=32)
        assert answer.choices[0].text == "You said: good morning", (model, answer)
        assert answer.object == "text_completion"
        pieces = list(client.completions.create(model=model, prompt="good morning", stream=True))
        assert "".join(p.choices[0].text for p in pieces if p.choices) == "You said: good morning", model


@test
def completions_of_several_prompts():
    answer = client.completions.create(model=TEXT, prompt=["one", "two"], n=2, max_tokens=8, logprobs=1)
    assert [(c.index, c.text) for c in answer.choices] == [
        (0, "more of one"), (1, "more of one"), (2, "more of two"), (3, "more of two")], answer
    assert answer.choices[0].logprobs.token_logprobs == [-0.5]
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (20, 20)
    # A dollar for a million tokens in, two for a million out.
    assert answer.usage.cost_details["amount"] == "0.00006", answer.usage
    tokens = client.completions.create(model=TEXT, prompt=[[1, 2], [3]], max_tokens=8)
    assert [c.text for c in tokens.choices] == ["more of 1 2", "more of 3"], tokens
    scored = client.completions.create(model=TEXT, prompt="as it is", echo=True, max_tokens=0, logprobs=0)
    assert scored.choices[0].text == "as it is", scored
    pieces = list(client.completions.create(
        model=TEXT, prompt=["one", "two"], stream=True, stream_options={"include_usage": True}))
    texts = ["", ""]
    for piece in pieces[:-1]:
        texts[piece.choices[0].index] += piece.choices[0].text
    assert texts == ["more of one", "more of two"], pieces
    assert pieces[-1].choices == [] and pieces[-1].usage.cost == 0.00004, pieces[-1]
    for model in CHAT_MODELS:
        for more in ({"prompt": ["one", "two"]}, {"prompt": [1, 2]}, {"prompt": "a", "suffix": "b"}):
            error = raises(openai.BadRequestError, lambda: client.completions.create(model=model, **more))
            assert error.param in more and error.code == "unsupported_parameter", (model, error)
    error = raises(openai.BadRequestError, lambda: client.chat.completions.create(model=TEXT, messages=HELLO))
    assert error.code == "unsupported_model", error


@test
def images_at_addresses():
    def look(url):
        return client.chat.completions.create(model=GOOGLE, messages=[{"role": "user", "content": [
            {"type": "text", "text": "I see"}, {"type": "image_url", "image_url": {"url": url}}]}])

    answer = look(f"{VENDORS}/picture")
    assert answer.choices[0].message.content.endswith("a picture, image/png"), answer
    for url in ("http://169.254.169.254/latest/meta-data", "http://10.1.2.3/a.png", f"{VENDORS.replace('127.0.0.1', '[::1]')}/a"):
        error = raises(openai.BadRequestError, lambda: look(url))
        assert error.code == "invalid_image_url", error


@test
def models_listed():
    names = {model.id for model in client.models.list()}
    assert {OPENAI, ANTHROPIC, GOOGLE} <= names
    assert client.models.retrieve(OPENAI).id == OPENAI
    raises(openai.NotFoundError, lambda: client.models.retrieve("gpt-0"))


@test
def errors_have_their_classes():
    def call(key=KEY, model=OPENAI, content="hi", **more):
        return openai.OpenAI(api_key=key, base_url=f"{BASE}/v1", max_retries=0).chat.completions.create(
            model=model, messages=[{"role": "user", "content": content}], **more)

    error = raises(openai.AuthenticationError, lambda: call(key="vz-sk_wrong"))
    assert error.code == "invalid_api_key" and error.request_id
    error = raises(openai.NotFoundError, lambda: call(model="gpt-0"))
    assert error.code == "model_not_found"
    error = raises(openai.BadRequestError, lambda: call(max_completion_tokens="many"))
    assert error.param == "max_completion_tokens", error.param
    error = raises(openai.APIStatusError, lambda: call(key=POOR_KEY))
    assert error.status_code == 402 and error.code == "insufficient_credits", error
    for model in CHAT_MODELS:
        # The vendor's trouble with our account is not the customer's.
        for status in (401, 402, 403):
            error = raises(openai.InternalServerError, lambda: call(model=model, content=f"fail {status}"))
            assert error.status_code in (502, 503), (model, status, error)
        error = raises(openai.APIStatusError, lambda: call(model=model, content="fail 503"))
        assert error.status_code in (502, 503), (model, error)
        error = raises(openai.BadRequestError, lambda: call(model=model, content="fail 400"))
    call(key=LIMITED_KEY)
    error = raises(openai.RateLimitError, lambda: [call(key=LIMITED_KEY) for _ in range(3)])
    assert error.code == "rate_limit_exceeded" and error.response.headers["retry-after"]


@test
def aborted_streams():
    for model in CHAT_MODELS:
        stream = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "slowly"}], stream=True)
        for count, _ in enumerate(stream):
            if count == 3:
                break
        stream.close()


@test
def one_idempotency_key_is_one_call():
    once = {"Idempotency-Key": "client-test-1"}
    first = client.chat.completions.create(model=OPENAI, messages=HELLO, extra_headers=once)
    again = client.chat.completions.create(model=OPENAI, messages=HELLO, extra_headers=once)
    assert first.id == again.id


run()
