DROP TABLE processing_restrictions;
DROP TABLE access_reports;
DROP TABLE rights_request_steps;
DROP TABLE rights_requests;
