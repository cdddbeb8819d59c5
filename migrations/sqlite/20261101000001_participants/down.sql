DROP TABLE digital_profiles;
DROP TABLE participants;
