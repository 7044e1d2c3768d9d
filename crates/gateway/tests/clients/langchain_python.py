"""`langchain-openai`, unmodified."""

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from common import BASE, CHAT_MODELS, KEY, OPENAI, run, test

WHERE = {"api_key": KEY, "base_url": f"{BASE}/v1", "max_retries": 0}


class City(BaseModel):
    """A city."""

    city: str
    population: int


def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


@test
def plain_and_streamed():
    for model in CHAT_MODELS:
        chat = ChatOpenAI(model=model, stream_usage=True, **WHERE)
        answer = chat.invoke("good morning")
        assert answer.content == "You said: good morning", (model, answer)
        assert answer.usage_metadata["total_tokens"] == 30
        whole = None
        for chunk in chat.stream("good morning"):
            whole = chunk if whole is None else whole + chunk
        assert whole.content == "You said: good morning", (model, whole)
        assert whole.usage_metadata["total_tokens"] == 30, (model, whole.usage_metadata)


@test
def tools():
    for model in CHAT_MODELS:
        chat = ChatOpenAI(model=model, **WHERE).bind_tools([weather])
        question = HumanMessage("weather in Paris and Rome?")
        first = chat.invoke([question])
        assert [call["args"]["city"] for call in first.tool_calls] == ["Paris", "Rome"], (model, first)
        results = [ToolMessage("sunny", tool_call_id=call["id"]) for call in first.tool_calls]
        assert chat.invoke([question, first, *results]).content == "It is sunny in both.", model


@test
def structured():
    for model in CHAT_MODELS:
        chat = ChatOpenAI(model=model, **WHERE).with_structured_output(City, method="json_schema")
        assert chat.invoke("about Paris") == City(city="Paris", population=2100000), model


@test
def through_responses():
    for model in CHAT_MODELS:
        answer = ChatOpenAI(model=model, use_responses_api=True, **WHERE).invoke("good morning")
        assert answer.text == "You said: good morning", (model, answer)


@test
def embeddings_of_token_ids():
    for check in (True, False):
        vectors = OpenAIEmbeddings(
            model="text-embedding-3-small", check_embedding_ctx_length=False,
            api_key=KEY, base_url=f"{BASE}/v1").embed_documents(["a", "b"])
        assert len(vectors) == 2 and len(vectors[0]) == 8, (check, vectors)


run()
