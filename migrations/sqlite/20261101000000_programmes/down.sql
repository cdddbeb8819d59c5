DROP TABLE sites;
DROP TABLE programmes;
