DROP TABLE device_authorisations;
