use super::*;

/// What the wire's own dialect reads, the wire's writer writes again.
#[test]
fn a_request_of_the_dialect_survives_the_journey() {
    let body = json!({
        "model":"claude-x","max_tokens":2000,"stream":true,
        "system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],
        "messages":[
            {"role":"user","content":[{"type":"text","text":"Hi"},{"type":"image","source":{"type":"url","url":"https://x"}}]},
            {"role":"assistant","content":[{"type":"thinking","thinking":"Hmm","signature":"s"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1},"cache_control":{"type":"ephemeral","ttl":"1h"}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"42"}],"cache_control":{"type":"ephemeral"}}]}],
        "tools":[{"name":"f","description":"d","input_schema":{"type":"object"}}],
        "tool_choice":{"type":"auto","disable_parallel_tool_use":true},
        "stop_sequences":["END"],
        "thinking":{"type":"enabled","budget_tokens":1024},
        "metadata":{"user_id":"u"},
        "service_tier":"standard_only"
    });
    let request = super::super::super::read(&serde_json::to_vec(&body).unwrap()).unwrap();
    assert_eq!(written(&request.talk, OLD), body);
}
