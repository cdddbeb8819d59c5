DROP TABLE sign_in_lanes;
