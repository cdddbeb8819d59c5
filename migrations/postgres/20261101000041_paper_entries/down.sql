DROP TABLE paper_adjudications;
DROP TABLE paper_entries;
DROP TABLE paper_forms;
