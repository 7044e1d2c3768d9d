"""`pydantic-ai`, unmodified, which types every answer strictly."""

import asyncio

from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from common import BASE, CHAT_MODELS, KEY, run, test

OPENAI_WIRE = OpenAIProvider(api_key=KEY, base_url=f"{BASE}/v1")
ANTHROPIC_WIRE = AnthropicProvider(api_key=KEY, base_url=BASE)


class City(BaseModel):
    city: str
    population: int


def every_wire():
    for model in CHAT_MODELS:
        yield OpenAIChatModel(model, provider=OPENAI_WIRE)
        yield OpenAIResponsesModel(model, provider=OPENAI_WIRE)
        yield AnthropicModel(model, provider=ANTHROPIC_WIRE)


LOOP = asyncio.new_event_loop()


def wait_for(what):
    return LOOP.run_until_complete(what)


@test
def plain():
    for model in every_wire():
        result = wait_for(Agent(model).run("good morning"))
        assert result.output == "You said: good morning", (model, result)
        assert result.usage().output_tokens == 10 if callable(result.usage) else result.usage.output_tokens == 10


@test
def streamed():
    async def ask(model):
        async with Agent(model).run_stream("good morning") as result:
            return await result.get_output()

    for model in every_wire():
        assert wait_for(ask(model)) == "You said: good morning", model


@test
def tools():
    for model in every_wire():
        seen = []
        agent = Agent(model)

        @agent.tool_plain
        def weather(city: str) -> str:
            """The weather in a city."""
            seen.append(city)
            return "sunny"

        result = wait_for(agent.run("weather in Paris and Rome?"))
        assert sorted(seen) == ["Paris", "Rome"], (model, seen)
        assert result.output == "It is sunny in both.", (model, result)


run()
