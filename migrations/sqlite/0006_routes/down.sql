ALTER TABLE models DROP COLUMN weight;
ALTER TABLE models DROP COLUMN priority;
