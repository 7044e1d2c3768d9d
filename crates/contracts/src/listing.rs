/// Makes one test out of every law that is named.
#[doc(hidden)]
#[macro_export]
macro_rules! __instantiate {
    ($port:ident, $setup:path, $given:ty, [$($law:ident)*]) => {
        mod $port {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $law() {
                    let given = <$given>::new($setup().await);
                    $crate::$port::$law(&given).await;
                }
            )*
        }
    };
}

/// Every law of every storage port. The argument is the path, from the root of the
/// test crate, of an `async fn() -> Store` that makes a fresh, empty store.
#[macro_export]
macro_rules! storage_laws {
    ($setup:path) => {
        $crate::wallet_laws!($setup);
        $crate::ledger_audit_laws!($setup);
        $crate::account_laws!($setup);
        $crate::key_laws!($setup);
        $crate::catalog_laws!($setup);
        $crate::provider_key_laws!($setup);
        $crate::usage_laws!($setup);
        $crate::audit_laws!($setup);
        $crate::change_laws!($setup);
    };
}

#[cfg(test)]
mod tests {
    /// Reads the names of laws out of a suite's source files.
    fn check(suite: &str, files: &[&str]) {
        let sources = std::iter::once(&suite).chain(files);
        let laws = sources
            .flat_map(|text| text.lines())
            .filter_map(|line| line.strip_prefix("pub async fn "))
            .filter_map(|rest| rest.split('(').next());
        let mut count = 0;
        for law in laws {
            count += 1;
            assert!(
                suite.lines().any(|line| line.trim() == law),
                "{law} is not listed in its macro"
            );
        }
        assert!(count > 0, "the suite has laws");
    }

    #[test]
    fn every_law_is_listed() {
        check(
            include_str!("wallets.rs"),
            &[
                include_str!("wallets/caps.rs"),
                include_str!("wallets/claims.rs"),
                include_str!("wallets/credit.rs"),
                include_str!("wallets/expiry.rs"),
                include_str!("wallets/extend.rs"),
                include_str!("wallets/hold.rs"),
                include_str!("wallets/order.rs"),
                include_str!("wallets/settle.rs"),
            ],
        );
        check(
            include_str!("accounts.rs"),
            &[
                include_str!("accounts/operate.rs"),
                include_str!("accounts/sessions.rs"),
                include_str!("accounts/sign_up.rs"),
            ],
        );
        check(
            include_str!("limiter.rs"),
            &[
                include_str!("limiter/at_any_time.rs"),
                include_str!("limiter/over_time.rs"),
            ],
        );
        for suite in [
            include_str!("audit.rs"),
            include_str!("catalog.rs"),
            include_str!("changes.rs"),
            include_str!("keys.rs"),
            include_str!("ledger_audit.rs"),
            include_str!("provider_keys.rs"),
            include_str!("usage.rs"),
        ] {
            check(suite, &[]);
        }
    }
}
