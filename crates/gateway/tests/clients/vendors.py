"""Fakes of OpenAI, Anthropic and Google, as far as the client tests need them.

They answer in the vendors' wires and do what the last user message says:

* with tools on offer and no results yet, they call the first tool twice, in parallel;
* with a JSON schema, they answer an object after it;
* "fail 503" answers that status, and the haiku models are always overloaded; "slowly" streams a hundred pieces with pauses;
* anything else is said back.

Prints the port, and serves until it is killed. Requests whose key is not "vendor-key" are
refused, so that a customer's key that leaks upstream is noticed.
"""

import base64
import json
import re
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CITIES = ["Paris", "Rome"]
OBJECT = {"city": "Paris", "population": 2100000}
PICTURE = b"\x89PNG\r\n\x1a\n..."
SEALED = "c2lnbmVkLWJ5LXRoZS12ZW5kb3I="


class Plan:
    """What is to be answered, whatever the wire."""

    def __init__(self, text, tool=None, has_results=False, wants_json=False):
        self.fail = None
        failing = re.search(r"fail (\d{3})", text or "")
        if failing:
            self.fail = int(failing.group(1))
        self.pause = 0.05 if "slowly" in (text or "") else 0
        self.calls = []
        if tool and not has_results:
            self.calls = [(f"call_{i}", tool, json.dumps({"city": c})) for i, c in enumerate(CITIES)]
            self.pieces = []
        elif has_results:
            self.pieces = ["It is ", "sunny ", "in both."]
        elif wants_json:
            whole = json.dumps(OBJECT)
            self.pieces = [whole[:9], whole[9:]]
        elif self.pause:
            self.pieces = ["word "] * 100
        else:
            self.pieces = ["You said: "] + re.findall(r"\S+\s*", text or "")
        self.text = "".join(self.pieces)


def plain(content):
    """The text of a message, whichever way it is written."""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content or [] if isinstance(part, dict))


def openai_error(status):
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": "as you wish", "type": kind, "param": None, "code": None}}


def floats(text, size):
    seed = sum(text.encode()) % 97 if isinstance(text, str) else len(text)
    return [((seed + 7 * i) % 13) / 16 for i in range(size)]


class Vendor(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        """Somebody's picture, which has nothing to do with the vendors."""
        self.send_response(200)
        self.send_header("content-length", str(len(PICTURE)))
        self.end_headers()
        self.wfile.write(PICTURE)

    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(length) or b"{}")
        try:
            if not self.is_ours():
                return self.json(401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}})
            path = self.path.split("?")[0]
            if path.endswith("/chat/completions"):
                return self.openai_chat(body)
            if path.endswith("/completions"):
                return self.openai_completions(body)
            if path.endswith("/responses"):
                return self.openai_responses(body)
            if path.endswith("/embeddings"):
                return self.openai_embeddings(body)
            if path.endswith("/v1/messages"):
                return self.anthropic(body)
            if ":generateContent" in path or ":streamGenerateContent" in path:
                return self.gemini(body, "stream" in path)
            if ":batchEmbedContents" in path:
                return self.gemini_embeddings(body)
            return self.json(404, {"error": {"message": "no such path: " + path}})
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def is_ours(self):
        sent = [
            self.headers.get("x-api-key"),
            self.headers.get("x-goog-api-key"),
            (self.headers.get("authorization") or "").removeprefix("Bearer "),
        ]
        return "vendor-key" in sent

    # -- frames -----------------------------------------------------------------

    def json(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def begin(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def frame(self, data, event=None):
        text = (f"event: {event}\n" if event else "") + f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n"
        raw = text.encode()
        self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
        self.wfile.flush()

    def end(self):
        self.wfile.write(b"0\r\n\r\n")

    # -- OpenAI -----------------------------------------------------------------

    def openai_chat(self, body):
        messages = body["messages"]
        users = [m for m in messages if m["role"] == "user"]
        tools = [t["function"]["name"] for t in body.get("tools", []) if t.get("type") == "function"]
        plan = Plan(
            plain(users[-1]["content"]) if users else "",
            tool=tools[0] if tools and body.get("tool_choice") != "none" else None,
            has_results=messages[-1]["role"] == "tool",
            wants_json=(body.get("response_format") or {}).get("type", "text") != "text",
        )
        if plan.fail:
            return self.json(plan.fail, openai_error(plan.fail))
        head = {"id": "chatcmpl-1", "created": 1795168800, "model": body["model"] + "-2026", "system_fingerprint": "fp"}
        usage = {
            "prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 2, "audio_tokens": 0,
                                          "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
        }
        finish = "tool_calls" if plan.calls else "stop"
        # Whoever asks for no tier gets the dearest, as a project may be set to.
        tier = body.get("service_tier", "priority")
        if not body.get("stream"):
            message = {"role": "assistant", "content": plan.text or None, "refusal": None, "annotations": []}
            if plan.calls:
                message["tool_calls"] = [{"id": i, "type": "function", "function": {"name": n, "arguments": a}}
                                         for i, n, a in plan.calls]
            return self.json(200, head | {
                "object": "chat.completion", "usage": usage, "service_tier": tier,
                "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}]})
        self.begin()
        asked = (body.get("stream_options") or {}).get("include_usage")

        def chunk(delta, finish_reason=None):
            out = head | {"object": "chat.completion.chunk", "service_tier": tier,
                          "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]}
            self.frame(out | ({"usage": None} if asked else {}))

        chunk({"role": "assistant", "content": "" if not plan.calls else None, "refusal": None})
        for piece in plan.pieces:
            time.sleep(plan.pause)
            chunk({"content": piece})
        for index, (call, name, arguments) in enumerate(plan.calls):
            chunk({"tool_calls": [{"index": index, "id": call, "type": "function", "function": {"name": name, "arguments": ""}}]})
            for part in (arguments[:5], arguments[5:]):
                chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
        chunk({}, finish)
        if asked:
            self.frame(head | {"object": "chat.completion.chunk", "choices": [], "usage": usage})
        self.frame("[DONE]")
        self.end()

    def openai_completions(self, body):
        """One answer to each prompt, in their order; tokens are said back as numbers."""
        prompts = body["prompt"]
        if isinstance(prompts, str) or isinstance(prompts[0], int):
            prompts = [prompts]
        said = [p if isinstance(p, str) else " ".join(map(str, p)) for p in prompts for _ in range(body.get("n") or 1)]
        head = {"id": "cmpl-1", "object": "text_completion", "created": 1795168800, "model": body["model"]}
        usage = {"prompt_tokens": 10 * len(prompts), "completion_tokens": 5 * len(said),
                 "total_tokens": 10 * len(prompts) + 5 * len(said)}

        def choice(index, text, finish):
            told = {"tokens": [text], "token_logprobs": [-0.5], "top_logprobs": [{text: -0.5}], "text_offset": [0]}
            return {"index": index, "text": text, "finish_reason": finish,
                    "logprobs": told if body.get("logprobs") is not None else None}

        begin = "" if body.get("echo") else "more of "
        if not body.get("stream"):
            return self.json(200, head | {
                "choices": [choice(i, begin + text, "stop") for i, text in enumerate(said)], "usage": usage})
        self.begin()
        for index, text in enumerate(said):
            self.frame(head | {"choices": [choice(index, begin, None)]})
            self.frame(head | {"choices": [choice(index, text, "stop")]})
        if (body.get("stream_options") or {}).get("include_usage"):
            self.frame(head | {"choices": [], "usage": usage})
        self.frame("[DONE]")
        self.end()

    def openai_embeddings(self, body):
        inputs = body["input"]
        inputs = [inputs] if isinstance(inputs, str) or (inputs and isinstance(inputs[0], int)) else inputs
        rows = []
        for index, text in enumerate(inputs):
            vector = floats(text, body.get("dimensions") or 8)
            if body.get("encoding_format") == "base64":
                vector = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
            rows.append({"object": "embedding", "index": index, "embedding": vector})
        self.json(200, {"object": "list", "data": rows, "model": body["model"],
                        "usage": {"prompt_tokens": 5 * len(rows), "total_tokens": 5 * len(rows)}})

    def openai_responses(self, body):
        items = body["input"]
        items = [{"role": "user", "content": items}] if isinstance(items, str) else items
        users = [i for i in items if i.get("role") == "user"]
        tools = [t["name"] for t in body.get("tools") or [] if t.get("type") == "function"]
        plan = Plan(
            plain(users[-1]["content"]) if users else "",
            tool=tools[0] if tools else None,
            has_results=items[-1].get("type") == "function_call_output",
            wants_json=((body.get("text") or {}).get("format") or {}).get("type", "text") != "text",
        )
        if plan.fail:
            return self.json(plan.fail, openai_error(plan.fail))
        output = []
        if plan.text:
            output.append({"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
                           "content": [{"type": "output_text", "text": plan.text, "annotations": [], "logprobs": []}]})
        for call, name, arguments in plan.calls:
            output.append({"type": "function_call", "id": "fc_" + call, "call_id": call, "name": name,
                           "arguments": arguments, "status": "completed"})
        response = {
            "id": "resp_1", "object": "response", "created_at": 1795168800, "status": "completed", "error": None,
            "incomplete_details": None, "instructions": body.get("instructions"), "model": body["model"] + "-2026",
            "output": output, "parallel_tool_calls": True, "tool_choice": "auto", "tools": body.get("tools") or [],
            "temperature": 1.0, "top_p": 1.0, "metadata": {}, "store": body.get("store"), "text": body.get("text"),
            "usage": {"input_tokens": 20, "input_tokens_details": {"cached_tokens": 8}, "output_tokens": 10,
                      "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 30}}
        if not body.get("stream"):
            return self.json(200, response)
        self.begin()
        number = -1

        def event(kind, **fields):
            nonlocal number
            number += 1
            self.frame({"type": kind, "sequence_number": number} | fields, kind)

        begun = response | {"status": "in_progress", "output": [], "usage": None}
        event("response.created", response=begun)
        event("response.in_progress", response=begun)
        for index, item in enumerate(output):
            where = {"output_index": index, "item_id": item["id"]}
            if item["type"] == "message":
                event("response.output_item.added", output_index=index, item=item | {"content": [], "status": "in_progress"})
                event("response.content_part.added", content_index=0, part={"type": "output_text", "text": "", "annotations": []}, **where)
                for piece in plan.pieces:
                    time.sleep(plan.pause)
                    event("response.output_text.delta", content_index=0, delta=piece, logprobs=[], **where)
                event("response.output_text.done", content_index=0, text=plan.text, logprobs=[], **where)
                event("response.content_part.done", content_index=0, part=item["content"][0], **where)
            else:
                event("response.output_item.added", output_index=index, item=item | {"arguments": "", "status": "in_progress"})
                event("response.function_call_arguments.delta", delta=item["arguments"], **where)
                event("response.function_call_arguments.done", arguments=item["arguments"], name=item["name"], **where)
            event("response.output_item.done", output_index=index, item=item)
        event("response.completed", response=response)
        self.end()

    # -- Anthropic --------------------------------------------------------------

    def anthropic(self, body):
        if self.headers.get("anthropic-version") is None:
            return self.json(400, {"type": "error", "error": {"type": "invalid_request_error", "message": "anthropic-version: header is required"}})
        last = body["messages"][-1]
        blocks = last["content"] if isinstance(last["content"], list) else [{"type": "text", "text": last["content"]}]
        format_ = (body.get("output_config") or {}).get("format")
        choice = (body.get("tool_choice") or {}).get("type")
        tools = body.get("tools") or []
        plan = Plan(
            plain(blocks),
            tool=tools[0]["name"] if tools and choice != "none" else None,
            has_results=any(b["type"] == "tool_result" for b in blocks),
            wants_json=bool(format_),
        )
        if "haiku" in body["model"]:
            plan.fail = 529
        if plan.fail:
            kind = {429: "rate_limit_error", 529: "overloaded_error", 402: "billing_error"}.get(plan.fail, "api_error")
            return self.json(plan.fail, {"type": "error", "error": {"type": kind, "message": "as you wish"}, "request_id": "req_1"})
        thinks = (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")
        usage = {"input_tokens": 12, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 4,
                 "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 0}}
        final = {"output_tokens": 10, "output_tokens_details": {"thinking_tokens": 2 if thinks else 0}}
        stop = "tool_use" if plan.calls else "end_turn"
        content = [{"type": "thinking", "thinking": "Let me see.", "signature": SEALED}] if thinks else []
        content += [{"type": "text", "text": plan.text}] if plan.text else []
        content += [{"type": "tool_use", "id": "toolu_" + i, "name": n, "input": json.loads(a)} for i, n, a in plan.calls]
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": content,
                   "stop_reason": stop, "stop_sequence": None, "stop_details": None,
                   "usage": usage | final | {"service_tier": "standard"}}
        if not body.get("stream"):
            return self.json(200, message)
        self.begin()

        def event(kind, **fields):
            self.frame({"type": kind} | fields, kind)

        event("message_start", message=message | {"content": [], "stop_reason": None, "usage": usage | {"output_tokens": 1}})
        event("ping")
        for index, block in enumerate(content):
            if block["type"] == "thinking":
                event("content_block_start", index=index, content_block={"type": "thinking", "thinking": "", "signature": ""})
                event("content_block_delta", index=index, delta={"type": "thinking_delta", "thinking": block["thinking"]})
                event("content_block_delta", index=index, delta={"type": "signature_delta", "signature": block["signature"]})
            elif block["type"] == "text":
                event("content_block_start", index=index, content_block={"type": "text", "text": ""})
                for piece in plan.pieces:
                    time.sleep(plan.pause)
                    event("content_block_delta", index=index, delta={"type": "text_delta", "text": piece})
            else:
                event("content_block_start", index=index, content_block=block | {"input": {}})
                for part in ("", *re.findall(r".{1,6}", json.dumps(block["input"]))):
                    event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": part})
            event("content_block_stop", index=index)
        event("message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage=usage | final)
        event("message_stop")
        self.end()

    # -- Google -----------------------------------------------------------------

    def gemini(self, body, stream):
        last = body["contents"][-1]["parts"]
        tools = [f["name"] for t in body.get("tools") or [] for f in t.get("functionDeclarations", [])]
        config = body.get("generationConfig") or {}
        mode = ((body.get("toolConfig") or {}).get("functionCallingConfig") or {}).get("mode")
        plan = Plan(
            plain(last),
            tool=tools[0] if tools and mode != "NONE" else None,
            has_results=any("functionResponse" in p for p in last),
            wants_json=config.get("responseMimeType") == "application/json",
        )
        if plan.fail:
            status = {429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}.get(plan.fail, "INTERNAL")
            return self.json(plan.fail, {"error": {"code": plan.fail, "message": "as you wish", "status": status}})
        usage = {"promptTokenCount": 20, "candidatesTokenCount": 8, "thoughtsTokenCount": 2,
                 "cachedContentTokenCount": 8, "totalTokenCount": 30,
                 "serviceTier": body.get("serviceTier", "standard")}
        for part in last:
            if base64.b64decode((part.get("inlineData") or {}).get("data", "")) == PICTURE:
                plan.text = plan.text + "a picture, " + part["inlineData"]["mimeType"]
        model = self.path.split("/models/")[1].split(":")[0]
        head = {"modelVersion": model + "-001", "responseId": "resp"}
        calls = [{"functionCall": {"name": n, "args": json.loads(a)}} for _, n, a in plan.calls]
        if calls:
            calls[0]["thoughtSignature"] = SEALED
        if not stream:
            parts = ([{"text": plan.text}] if plan.text else []) + calls
            return self.json(200, head | {"candidates": [{"index": 0, "finishReason": "STOP",
                             "content": {"role": "model", "parts": parts}}], "usageMetadata": usage})
        self.begin()
        for piece in plan.pieces:
            time.sleep(plan.pause)
            self.frame(head | {"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": piece}]}}],
                               "usageMetadata": usage | {"candidatesTokenCount": 1}})
        if calls:
            self.frame(head | {"candidates": [{"index": 0, "content": {"role": "model", "parts": calls}}], "usageMetadata": usage})
        self.frame(head | {"candidates": [{"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [{"text": ""}]}}],
                           "usageMetadata": usage})
        self.end()

    def gemini_embeddings(self, body):
        rows = [{"values": floats(plain(r["content"]["parts"]), r.get("outputDimensionality") or 8)} for r in body["requests"]]
        self.json(200, {"embeddings": rows})


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)
