use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn queries() {
    let mut bench = Bench::new().await;
    let read = |world: &World, path: &str| -> Ask { world.get(path) };
    for (path, param) in [
        ("/v1/usage/logs?limit=0", "limit"),
        ("/v1/usage/logs?limit=-1", "limit"),
        ("/v1/usage/logs?limit=ten", "limit"),
        ("/v1/usage/logs?limit=99999999999999999999", "limit"),
        ("/v1/usage/logs?offset=-1", "offset"),
        ("/v1/usage/logs?offset=99999999", "offset"),
        ("/v1/usage/logs?cursor=x", "cursor"),
        (
            "/v1/usage/logs?cursor=txn_00000000000000000000000000000001",
            "cursor",
        ),
        ("/v1/usage/logs?key=x", "key"),
        ("/v1/usage/logs?from=yesterday", "from"),
        ("/v1/usage/logs?to=2026-13-45", "to"),
        ("/v1/usage/logs?from=2026-12-01&to=2026-11-01", "from"),
        ("/v1/usage/logs?model=%00", "model"),
        ("/v1/usage/logs?account=x", "account"),
        ("/v1/usage/summary?from=x", "from"),
        ("/v1/usage/daily?start=x", "start"),
        ("/v1/usage/daily?end=2026-02-30", "end"),
        ("/v1/usage/daily?start=2026-11-10&end=2026-11-01", "end"),
        ("/v1/usage/daily?start=2020-01-01&end=2026-11-01", "end"),
        ("/v1/billing/transactions?limit=x", "limit"),
        (
            "/v1/billing/transactions?cursor=gen_00000000000000000000000000000001",
            "cursor",
        ),
        ("/v1/api-keys?cursor=nonsense", "cursor"),
        ("/v1/api-keys?account=me", "account"),
    ] {
        let reply = read(&bench.world, path).bearer(&bench.token).reply().await;
        bench.check(path, &reply, 400, VALUE, param);
    }
    let long = format!("/v1/usage/logs?model={}", "m".repeat(300));
    let reply = read(&bench.world, &long).bearer(&bench.token).reply().await;
    bench.check(&long, &reply, 400, VALUE, "model");
    for id in [
        "x",
        "gen_",
        "gen_0000000000000000000000000000000Z",
        "hold_00000000000000000000000000000000",
        "%E0%A4%A",
    ] {
        let path = format!("/v1/generations/{id}");
        let reply = read(&bench.world, &path).bearer(&bench.token).reply().await;
        bench.check(&path, &reply, 404, "generation_not_found", "");
    }
    // What nobody asks for does no harm.
    let path = "/v1/usage/logs?limit=100000&colour=red&limit=&%zz=%zz";
    assert_eq!(
        read(&bench.world, path)
            .bearer(&bench.token)
            .reply()
            .await
            .status,
        200
    );
    bench.finish(28).await;
}
