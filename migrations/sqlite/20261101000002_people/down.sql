DROP TABLE sessions;
DROP TABLE clients;
DROP TABLE memberships;
DROP TABLE people;
