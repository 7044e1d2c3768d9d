use diesel::declare_sql_function;
use diesel::sql_types::BigInt;

#[declare_sql_function]
extern "SQL" {
    /// `SUM` over whole numbers, which stays one in SQLite and fails rather than
    /// overflows.
    #[aggregate]
    #[sql_name = "SUM"]
    fn sum_whole(number: BigInt) -> diesel::sql_types::Nullable<BigInt>;
}
