DROP TABLE pricing_rules;
DROP TABLE price_versions;
DROP TABLE models;
