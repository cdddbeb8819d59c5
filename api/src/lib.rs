//! The Alongside service: an OpenAPI-documented JSON API for peer-supported holistic needs assessment.

pub mod app;
pub mod audit;
pub mod client_quota;
pub mod client_secret;
pub mod config;
pub mod definitions;
pub mod demo;
pub mod device_authorisation;
pub mod door;
pub mod http;
pub mod jobs;
pub mod key_rotation;
pub mod letters;
pub mod openapi;
pub mod owner;
pub mod presented_token;
pub mod routes;
pub mod second_factor;
pub mod security;
pub mod server;
pub mod sign_in;
