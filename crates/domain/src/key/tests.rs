use super::*;
use crate::pattern::ModelPattern;

#[test]
fn networks_contain_what_their_length_says() {
    for (network, address, inside) in [
        ("10.0.0.0/8", "10.255.1.2", true),
        ("10.0.0.0/8", "11.0.0.1", false),
        ("0.0.0.0/0", "203.0.113.9", true),
        ("203.0.113.9", "203.0.113.9", true),
        ("203.0.113.9", "203.0.113.8", false),
        ("2001:db8::/32", "2001:db8:1::5", true),
        ("::/0", "2001:db8::1", true),
        ("::/0", "10.0.0.1", false),
        ("10.0.0.0/8", "::ffff:10.1.1.1", true),
    ] {
        let network: IpNetwork = network.parse().unwrap();
        assert_eq!(
            network.contains(address.parse().unwrap()),
            inside,
            "{network} {address}"
        );
    }
    for bad in [
        "",
        "10.0.0.0/33",
        "10.0.0/8",
        "::/129",
        "10.0.0.0/-1",
        "example.org",
    ] {
        assert!(bad.parse::<IpNetwork>().is_err(), "{bad}");
    }
}

#[test]
fn a_page_must_be_on_the_list() {
    let restrictions = Restrictions {
        domain_allowlist: vec![
            DomainName::new("app.example.org").unwrap(),
            DomainName::new("*.example.com").unwrap(),
        ],
        ..Restrictions::default()
    };
    for (host, allowed) in [
        (Some("app.example.org"), true),
        (Some("APP.example.org"), true),
        (Some("x.app.example.org"), false),
        (Some("a.b.example.com"), true),
        (Some("example.com"), false),
        (Some("badexample.com"), false),
        (None, false),
    ] {
        let origin = Origin {
            address: None,
            page_host: host.map(str::to_owned),
        };
        assert_eq!(
            restrictions.check_origin(&origin).is_ok(),
            allowed,
            "{host:?}"
        );
    }
}

#[test]
fn an_address_list_refuses_an_unknown_address() {
    let restrictions = Restrictions {
        ip_allowlist: vec!["10.0.0.0/8".parse().unwrap()],
        ..Restrictions::default()
    };
    assert_eq!(
        restrictions.check_origin(&Origin::default()),
        Err(KeyRefusal::Address)
    );
}

#[test]
fn models_are_allowed_by_either_name() {
    let restrictions = Restrictions {
        allowed_models: vec![ModelPattern::new("openai/*").unwrap()],
        ..Restrictions::default()
    };
    assert!(
        restrictions
            .check_model(&["gpt-4o", "openai/gpt-4o"])
            .is_ok()
    );
    assert_eq!(
        restrictions.check_model(&["grok-4", "xai/grok-4"]),
        Err(KeyRefusal::Model("grok-4".to_owned()))
    );
}
