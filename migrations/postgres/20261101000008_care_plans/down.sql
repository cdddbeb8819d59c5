DROP TABLE care_plan_copies;
DROP TABLE care_plan_actions;
DROP TABLE care_plans;
