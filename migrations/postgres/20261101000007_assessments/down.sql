DROP TABLE answers;
DROP TABLE segments;
DROP TABLE assistance_sessions;
DROP TABLE assessments;
