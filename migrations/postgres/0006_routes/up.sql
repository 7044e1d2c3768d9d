-- Which of the models that share a name is called first, and how often. The version
-- before does not name these columns: what it writes takes the defaults.
ALTER TABLE models ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE models ADD COLUMN weight INTEGER NOT NULL DEFAULT 100 CHECK (weight >= 0);
