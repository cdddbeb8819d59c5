DROP TABLE flag_exclusions;
DROP TABLE flag_entries;
DROP TABLE flags;
