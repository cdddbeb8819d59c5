DROP TABLE emergency_access_reviews;
DROP TABLE emergency_accesses;
