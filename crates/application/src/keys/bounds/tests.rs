use super::*;

fn pattern(text: &str) -> ModelPattern {
    ModelPattern::new(text).unwrap()
}

fn domain(text: &str) -> DomainName {
    DomainName::new(text).unwrap()
}

#[test]
fn a_pattern_covers_what_can_only_match_less() {
    for (wide, narrow, covered) in [
        ("*", "anything/*", true),
        ("sim/*", "sim/echo", true),
        ("sim/*", "sim/*", true),
        ("sim/*", "sim/e*o", true),
        ("sim/*", "sim*", false),
        ("sim/*", "*", false),
        ("*-mini", "gpt-*-mini", true),
        ("gpt-*-mini", "*-mini", false),
        ("a*b", "a*", false),
        ("gpt-4o", "gpt-4o", true),
        ("gpt-4o", "gpt-4*", false),
    ] {
        let is_covered = covers_model(&pattern(wide), &pattern(narrow));
        assert_eq!(is_covered, covered, "{wide} over {narrow}");
    }
}

#[test]
fn a_network_covers_those_inside_it() {
    for (wide, narrow, covered) in [
        ("10.0.0.0/8", "10.1.0.0/16", true),
        ("10.0.0.0/8", "10.0.0.0/8", true),
        ("10.0.0.0/8", "10.0.0.0/7", false),
        ("10.0.0.0/8", "11.0.0.1", false),
        ("10.0.0.7/8", "10.9.9.9", true),
        ("0.0.0.0/0", "10.0.0.0/8", true),
        ("10.0.0.0/16", "10.0.9.9/8", false),
        ("2001:db8::/32", "2001:db8:1::/48", true),
        ("2001:db8::/32", "2001:db9::/48", false),
        // This holds addresses that are no IPv4 addresses at all.
        ("0.0.0.0/0", "::ffff:0.0.0.0/80", false),
        ("::/0", "10.0.0.1", false),
    ] {
        let is_covered = covers_network(&wide.parse().unwrap(), &narrow.parse().unwrap());
        assert_eq!(is_covered, covered, "{wide} over {narrow}");
    }
}

#[test]
fn a_domain_covers_itself_and_a_star_those_below() {
    for (wide, narrow, covered) in [
        ("example.org", "example.org", true),
        ("example.org", "www.example.org", false),
        ("*.example.org", "www.example.org", true),
        ("*.example.org", "*.example.org", true),
        ("*.example.org", "*.www.example.org", true),
        ("*.example.org", "example.org", false),
        ("*.example.org", "badexample.org", false),
        ("*.www.example.org", "*.example.org", false),
    ] {
        let is_covered = covers_domain(&domain(wide), &domain(narrow));
        assert_eq!(is_covered, covered, "{wide} over {narrow}");
    }
}

#[test]
fn what_is_left_open_is_taken_over() {
    let at = |secs| Some(Timestamp::from_secs(secs));
    assert_eq!(sooner(at(5), None).unwrap(), at(5));
    assert_eq!(sooner(at(5), at(5)).unwrap(), at(5));
    assert_eq!(sooner(at(5), at(4)).unwrap(), at(4));
    assert_eq!(sooner(None, at(9)).unwrap(), at(9));
    assert!(sooner(at(5), at(6)).is_err());
    assert_eq!(lower(Some(5), None).unwrap(), Some(5));
    assert_eq!(lower(Some(5), Some(0)).unwrap(), Some(0));
    assert!(lower(Some(5), Some(6)).is_err());
    assert_eq!(lower(None, None).unwrap(), None);
}
