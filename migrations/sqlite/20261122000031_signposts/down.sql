DROP TABLE signposts;
